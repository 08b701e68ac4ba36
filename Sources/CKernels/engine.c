#include "engine.h"

#include <math.h>

void ck_rms_norm_f32(float *y, const float *x, const float *gain, size_t rows, size_t width,
                     float epsilon) {
  for (size_t r = 0; r < rows; r++) {
    const float *in = x + r * width;
    float *out = y + r * width;
    double sum = 0;
    for (size_t d = 0; d < width; d++) sum += (double)in[d] * in[d];
    float scale = 1.0f / sqrtf((float)(sum / (double)width) + epsilon);
    for (size_t d = 0; d < width; d++) out[d] = in[d] * scale * gain[d];
  }
}

void ck_layer_norm_f32(float *y, const float *x, const float *gain, const float *bias, size_t rows,
                       size_t width, float epsilon) {
  for (size_t r = 0; r < rows; r++) {
    const float *in = x + r * width;
    float *out = y + r * width;
    double sum = 0, square = 0;
    for (size_t d = 0; d < width; d++) sum += in[d];
    double mean = sum / (double)width;
    for (size_t d = 0; d < width; d++) square += (in[d] - mean) * (in[d] - mean);
    float scale = 1.0f / sqrtf((float)(square / (double)width) + epsilon);
    for (size_t d = 0; d < width; d++) out[d] = (in[d] - (float)mean) * scale * gain[d] + bias[d];
  }
}

void ck_add_f32(float *x, const float *y, size_t count) {
  for (size_t i = 0; i < count; i++) x[i] += y[i];
}

void ck_add_bias_f32(float *x, const float *bias, size_t rows, size_t width) {
  for (size_t r = 0; r < rows; r++) ck_add_f32(x + r * width, bias, width);
}

void ck_silu_multiply_f32(float *gate, const float *up, size_t count) {
  for (size_t i = 0; i < count; i++) gate[i] = gate[i] / (1.0f + expf(-gate[i])) * up[i];
}

void ck_gelu_erf_f32(float *x, size_t count) {
  for (size_t i = 0; i < count; i++) x[i] = 0.5f * x[i] * (1.0f + erff(x[i] * 0.70710678118654752f));
}

void ck_gelu_tanh_f32(float *x, size_t count) {
  for (size_t i = 0; i < count; i++) {
    float inner = 0.79788456080286536f * (x[i] + 0.044715f * x[i] * x[i] * x[i]);
    x[i] = 0.5f * x[i] * (1.0f + tanhf(inner));
  }
}

void ck_relu_f32(float *x, size_t count) {
  for (size_t i = 0; i < count; i++) x[i] = x[i] > 0 ? x[i] : 0;
}

void ck_rope_f32(float *x, const int32_t *position, const float *frequency, size_t rows,
                 size_t heads, size_t width) {
  size_t half = width / 2;
  for (size_t r = 0; r < rows; r++) {
    for (size_t w = 0; w < half; w++) {
      float angle = (float)position[r] * frequency[w];
      float cosine = cosf(angle), sine = sinf(angle);
      for (size_t h = 0; h < heads; h++) {
        float *head = x + (r * heads + h) * width;
        float a = head[w], b = head[w + half];
        head[w] = a * cosine - b * sine;
        head[w + half] = b * cosine + a * sine;
      }
    }
  }
}

// Eight running sums keep the additions independent of each other; the order is fixed by the width
// alone.
static float dot(const float *a, const float *b, size_t count) {
  float lane[8] = {0};
  size_t i = 0;
  for (; i + 8 <= count; i += 8)
    for (size_t j = 0; j < 8; j++) lane[j] += a[i + j] * b[i + j];
  float sum = ((lane[0] + lane[4]) + (lane[1] + lane[5])) + ((lane[2] + lane[6]) + (lane[3] + lane[7]));
  for (; i < count; i++) sum += a[i] * b[i];
  return sum;
}

void ck_attention_f32(float *out, const float *query, const float *keys, const float *values,
                      const int32_t *pages, size_t positions, size_t page_size, size_t stride,
                      size_t heads, size_t groups, size_t width, float scale, float *scores) {
  size_t row = groups * width, sharing = heads / groups;
  for (size_t h = 0; h < heads; h++) {
    size_t offset = h / sharing * width;
    float most = -INFINITY;
    for (size_t t = 0; t < positions; t++) {
      const float *key =
          keys + (size_t)pages[t / page_size] * stride + t % page_size * row + offset;
      scores[t] = dot(query + h * width, key, width) * scale;
      if (scores[t] > most) most = scores[t];
    }
    double sum = 0;
    for (size_t t = 0; t < positions; t++) {
      scores[t] = expf(scores[t] - most);
      sum += scores[t];
    }
    float *head = out + h * width;
    for (size_t w = 0; w < width; w++) head[w] = 0;
    for (size_t t = 0; t < positions; t++) {
      const float *value =
          values + (size_t)pages[t / page_size] * stride + t % page_size * row + offset;
      for (size_t w = 0; w < width; w++) head[w] += scores[t] * value[w];
    }
    float norm = (float)(1.0 / sum);
    for (size_t w = 0; w < width; w++) head[w] *= norm;
  }
}
