#include "jobs.h"

// Numbers that a worker must have to do before it is worth waking: about a microsecond's work.
enum { grain = 8192 };

static size_t share(size_t count, size_t worker, size_t workers) { return count * worker / workers; }

// Runs a job on all workers, or as one part if it is small.
static void run(struct ck_crew crew, ck_job *job, void *context, size_t numbers) {
  if (numbers < grain) {
    job(context, 0, 1);
  } else {
    ck_pool_run(crew.pool, job, context);
  }
}

struct multiply_job {
  const struct ck_kernels *set;
  const struct ck_product *product;
};

static void multiply_part(void *context, size_t worker, size_t workers) {
  const struct multiply_job *job = context;
  const size_t tiles = ck_tiles(job->product->matrix.outputs);
  ck_multiply(job->set, job->product, share(tiles, worker, workers), share(tiles, worker + 1, workers));
}

void ck_run_multiply(struct ck_crew crew, const struct ck_product *product) {
  struct multiply_job job = {crew.set, product};
  run(crew, multiply_part, &job, product->rows * product->matrix.outputs * product->matrix.inputs);
}

struct experts_job {
  const struct ck_kernels *set;
  const struct ck_product *product;
  const struct ck_chosen *chosen;
  const struct ck_quantized *bytes;
  enum ck_activation kind;
  enum ck_format format;
  float *out, *x;
};

// The first tile of a worker's part: where as many pairs of row and tile lie before it as before his part of all.
static size_t tile_of_share(const struct ck_chosen *chosen, size_t each, size_t worker, size_t workers) {
  const size_t pairs = chosen->pairs * each, wanted = share(pairs, worker, workers);
  size_t expert = 0;
  while (expert < chosen->experts && chosen->row_starts[expert + 1] * each <= wanted) expert++;
  if (worker == workers || expert == chosen->experts) return chosen->experts * each;
  const size_t rows = chosen->row_starts[expert + 1] - chosen->row_starts[expert];
  return expert * each + (wanted - chosen->row_starts[expert] * each) / rows;
}

static void into_experts_part(void *context, size_t worker, size_t workers) {
  const struct experts_job *job = context;
  const size_t each = ck_tiles(job->product->matrix.outputs) / job->chosen->experts;
  ck_multiply_into_experts(job->set, job->product, job->chosen, worker == 0 ? 0 : tile_of_share(job->chosen, each, worker, workers),
                           tile_of_share(job->chosen, each, worker + 1, workers));
}

void ck_run_into_experts(struct ck_crew crew, const struct ck_product *product, const struct ck_chosen *chosen) {
  struct experts_job job = {.set = crew.set, .product = product, .chosen = chosen};
  const size_t neurons = ck_tiles(product->matrix.outputs) / chosen->experts * ck_tile_outputs;
  run(crew, into_experts_part, &job, chosen->pairs * neurons * product->matrix.inputs);
}

static void expert_activation_part(void *context, size_t worker, size_t workers) {
  const struct experts_job *job = context;
  ck_activate_experts(job->set, job->bytes, job->kind, job->chosen, job->format, job->out, job->x,
                      share(job->chosen->rows, worker, workers), share(job->chosen->rows, worker + 1, workers));
}

void ck_run_expert_activation(struct ck_crew crew, const struct ck_quantized *bytes, enum ck_activation kind,
                              const struct ck_chosen *chosen, enum ck_format format, float *out, float *x) {
  struct experts_job job = {.set = crew.set, .chosen = chosen, .bytes = bytes, .kind = kind, .format = format, .out = out, .x = x};
  run(crew, expert_activation_part, &job, chosen->pairs * chosen->size);
}

static void from_experts_part(void *context, size_t worker, size_t workers) {
  const struct experts_job *job = context;
  const size_t tiles = ck_tiles(job->product->matrix.outputs);
  ck_multiply_from_experts(job->set, job->product, job->chosen, share(tiles, worker, workers), share(tiles, worker + 1, workers));
}

void ck_run_from_experts(struct ck_crew crew, const struct ck_product *product, const struct ck_chosen *chosen) {
  struct experts_job job = {.set = crew.set, .product = product, .chosen = chosen};
  run(crew, from_experts_part, &job, chosen->row_starts[chosen->experts] * chosen->size * product->matrix.outputs);
}

struct rows_job {
  const struct ck_kernels *set;
  const struct ck_quantized *quantized;
  float *y, *x;
  const float *residual, *gain, *bias, *cosines, *sines;
  size_t rows, width, stride, heads;
  float epsilon;
  enum ck_activation kind;
};

static void quantize_part(void *context, size_t worker, size_t workers) {
  const struct rows_job *job = context;
  ck_quantize(job->set, job->quantized, job->x, job->stride, job->width, share(job->rows, worker, workers),
              share(job->rows, worker + 1, workers));
}

void ck_run_quantize(struct ck_crew crew, const struct ck_quantized *out, const float *x, size_t stride, size_t inputs,
                     size_t rows) {
  struct rows_job job = {.set = crew.set, .quantized = out, .x = (float *)x, .rows = rows, .width = inputs, .stride = stride};
  run(crew, quantize_part, &job, rows * inputs);
}

// A finished row of `width` numbers becomes bytes, if they are wanted.
static void finish_row(const struct rows_job *job, const float *y, size_t width, size_t row) {
  if (job->quantized) ck_quantize(job->set, job->quantized, y, width, width, row, row + 1);
}

static void rms_norm_part(void *context, size_t worker, size_t workers) {
  const struct rows_job *job = context;
  const size_t end = share(job->rows, worker + 1, workers);
  for (size_t r = share(job->rows, worker, workers); r < end; r++) {
    const size_t at = r * job->width;
    if (job->residual) {
      ck_add_rms_norm(job->set, job->y + at, job->x + at, job->residual + at, job->gain, 1, job->width, job->epsilon);
    } else {
      ck_rms_norm(job->set, job->y + at, job->x + at, job->gain, 1, job->width, job->epsilon);
    }
    finish_row(job, job->y, job->width, r);
  }
}

void ck_run_rms_norm(struct ck_crew crew, const struct ck_quantized *bytes, float *y, float *x, const float *residual,
                     const float *gain, size_t rows, size_t width, float epsilon) {
  struct rows_job job = {.set = crew.set, .quantized = bytes, .y = y, .x = x, .residual = residual, .gain = gain,
                         .rows = rows, .width = width, .epsilon = epsilon};
  run(crew, rms_norm_part, &job, rows * width);
}

static void layer_norm_part(void *context, size_t worker, size_t workers) {
  const struct rows_job *job = context;
  const size_t end = share(job->rows, worker + 1, workers);
  for (size_t r = share(job->rows, worker, workers); r < end; r++) {
    const size_t at = r * job->width;
    if (job->residual) {
      ck_add_layer_norm(job->set, job->y + at, job->x + at, job->residual + at, job->gain, job->bias, 1, job->width,
                        job->epsilon);
    } else {
      ck_layer_norm(job->set, job->y + at, job->x + at, job->gain, job->bias, 1, job->width, job->epsilon);
    }
    finish_row(job, job->y, job->width, r);
  }
}

void ck_run_layer_norm(struct ck_crew crew, const struct ck_quantized *bytes, float *y, float *x, const float *residual,
                       const float *gain, const float *bias, size_t rows, size_t width, float epsilon) {
  struct rows_job job = {.set = crew.set, .quantized = bytes, .y = y, .x = x, .residual = residual, .gain = gain,
                         .bias = bias, .rows = rows, .width = width, .epsilon = epsilon};
  run(crew, layer_norm_part, &job, rows * width);
}

static void activation_part(void *context, size_t worker, size_t workers) {
  const struct rows_job *job = context;
  const size_t end = share(job->rows, worker + 1, workers);
  const size_t width = job->kind == ck_silu_gate ? job->width / 2 : job->width;
  for (size_t r = share(job->rows, worker, workers); r < end; r++) {
    float *x = job->x + r * job->width;
    switch (job->kind) {
      case ck_silu_gate: ck_silu_pairs(job->set, job->y + r * width, x, job->width / 32); break;
      case ck_gelu_exact: ck_gelu_erf(job->set, x, width); break;
      case ck_gelu_by_tanh: ck_gelu_tanh(job->set, x, width); break;
      case ck_rectify: ck_relu(job->set, x, width); break;
    }
    finish_row(job, job->y, width, r);
  }
}

void ck_run_activation(struct ck_crew crew, const struct ck_quantized *bytes, enum ck_activation kind, float *out, float *x,
                       size_t rows, size_t width) {
  struct rows_job job = {.set = crew.set, .quantized = bytes, .y = out, .x = x, .rows = rows, .width = width, .kind = kind};
  run(crew, activation_part, &job, rows * width);
}

struct means_job {
  const struct ck_kernels *set;
  float *y;
  const float *x;
  const size_t *starts, *ends;
  size_t texts, width;
};

// Cut by columns, of which there are always enough: texts may be one, or of any lengths.
static void means_part(void *context, size_t worker, size_t workers) {
  const struct means_job *job = context;
  const size_t tiles = ck_tiles(job->width);
  const size_t begin = share(tiles, worker, workers) * ck_tile_outputs, most = share(tiles, worker + 1, workers) * ck_tile_outputs;
  const size_t end = most < job->width ? most : job->width;
  if (begin >= end) return;
  for (size_t t = 0; t < job->texts; t++)
    ck_means(job->set, job->y + t * job->width + begin, job->x + job->starts[t] * job->width + begin, job->width,
             job->ends[t] - job->starts[t], end - begin);
}

void ck_run_means(struct ck_crew crew, float *y, const float *x, const size_t *starts, const size_t *ends, size_t texts,
                  size_t width) {
  struct means_job job = {crew.set, y, x, starts, ends, texts, width};
  size_t rows = 0;
  for (size_t t = 0; t < texts; t++) rows += ends[t] - starts[t];
  run(crew, means_part, &job, rows * width);
}

static void rope_part(void *context, size_t worker, size_t workers) {
  const struct rows_job *job = context;
  const size_t begin = share(job->rows, worker, workers), rows = share(job->rows, worker + 1, workers) - begin;
  const size_t turns = begin * job->width / 2;
  ck_rope(job->set, job->x + begin * job->stride, job->stride, job->cosines + turns, job->sines + turns, rows, job->heads,
          job->width);
}

void ck_run_rope(struct ck_crew crew, float *x, size_t stride, const float *cosines, const float *sines, size_t rows,
                 size_t heads, size_t width) {
  struct rows_job job = {.set = crew.set, .x = x, .stride = stride, .cosines = cosines, .sines = sines, .rows = rows,
                         .heads = heads, .width = width};
  run(crew, rope_part, &job, rows * heads * width);
}

struct attend_job {
  const struct ck_kernels *set;
  const struct ck_attend *tasks;
  size_t count;
};

static void attend_part(void *context, size_t worker, size_t workers) {
  const struct attend_job *job = context;
  for (size_t i = worker; i < job->count; i += workers) ck_attend(job->set, &job->tasks[i]);
}

void ck_run_attend(struct ck_crew crew, const struct ck_attend *tasks, size_t count) {
  struct attend_job job = {crew.set, tasks, count};
  size_t numbers = 0;
  for (size_t i = 0; i < count; i++) numbers += tasks[i].rows * tasks[i].sharing * tasks[i].width * tasks[i].seen;
  run(crew, attend_part, &job, count > 1 ? numbers : 0);
}

struct store_job {
  const struct ck_kernels *set;
  const struct ck_store *tasks;
  size_t count;
};

static void store_part(void *context, size_t worker, size_t workers) {
  const struct store_job *job = context;
  for (size_t i = worker; i < job->count; i += workers) ck_store_keys_values(job->set, &job->tasks[i]);
}

void ck_run_store(struct ck_crew crew, const struct ck_store *tasks, size_t count) {
  struct store_job job = {crew.set, tasks, count};
  // A position's keys lie in as many cache lines as there are numbers.
  size_t numbers = 0;
  for (size_t i = 0; i < count; i++) numbers += tasks[i].rows * tasks[i].groups * tasks[i].width * 16;
  run(crew, store_part, &job, count > 1 ? numbers : 0);
}

struct pack_job {
  enum ck_format format;
  size_t block_bytes, outputs, inputs;
  const void *weights;
  uint8_t *tiles;
};

static void pack_part(void *context, size_t worker, size_t workers) {
  const struct pack_job *job = context;
  const size_t tiles = ck_tiles(job->outputs), begin = share(tiles, worker, workers), end = share(tiles, worker + 1, workers);
  if (job->block_bytes > 0) {
    ck_pack_blocks(job->block_bytes, job->weights, job->outputs, job->inputs, job->tiles, begin, end);
  } else {
    ck_pack(job->format, job->weights, job->inputs, job->outputs, job->inputs, job->tiles, begin, end);
  }
}

void ck_run_pack(struct ck_crew crew, enum ck_format format, size_t block_bytes, const void *weights, size_t outputs,
                 size_t inputs, uint8_t *tiles) {
  struct pack_job job = {format, block_bytes, outputs, inputs, weights, tiles};
  run(crew, pack_part, &job, outputs * inputs);
}
