#ifndef CKERNELS_LEARNING_H
#define CKERNELS_LEARNING_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// What gradients need besides matrix products, in float32 for learning and in float64 for checking it: every
// function here is there twice, as NAME_f32 and NAME_f64. Letters: R rows, D width, N numbers.
// Functions called *_gradient ADD to what they write; the others write anew, unless they say otherwise.

enum ck_curve { ck_curve_relu, ck_curve_gelu, ck_curve_gelu_tanh, ck_curve_silu, ck_curve_tanh };

/// What one step of AdamW needs (Loshchilov and Hutter, arXiv:1711.05101).
struct ck_adamw {
  double rate, beta1, beta2, epsilon, decay;
  /// 1 − beta^step of both averages.
  double correction1, correction2;
};

#define CK_LEARNING(REAL, NAME)                                                                                        \
  /* y += factor · x. (N) */                                                                                           \
  void NAME(ck_add_scaled)(REAL *y, const REAL *x, REAL factor, size_t count);                                         \
  /* y += a · b, element by element. (N) */                                                                            \
  void NAME(ck_add_products)(REAL *y, const REAL *a, const REAL *b, size_t count);                                     \
  /* x *= factor. (N) */                                                                                               \
  void NAME(ck_scale)(REAL *x, REAL factor, size_t count);                                                             \
  /* y[r] += bias. y: (R, D) */                                                                                        \
  void NAME(ck_add_row)(REAL *y, const REAL *bias, size_t rows, size_t width);                                         \
  /* sums += Σ y[r]. y: (R, D) */                                                                                      \
  void NAME(ck_add_rows)(REAL *sums, const REAL *y, size_t rows, size_t width);                                        \
  /* Σ a · b; in lanes, whose order depends on the machine. */                                                         \
  double NAME(ck_dot)(const REAL *a, const REAL *b, size_t count);                                                     \
  /* Σ x. */                                                                                                           \
  double NAME(ck_sum)(const REAL *x, size_t count);                                                                    \
  /* y = curve(x). (N) */                                                                                              \
  void NAME(ck_curve)(enum ck_curve curve, REAL *y, const REAL *x, size_t count);                                      \
  /* dx += dy · curve'(x). (N) */                                                                                      \
  void NAME(ck_curve_gradient)(enum ck_curve curve, REAL *dx, const REAL *x, const REAL *dy, size_t count);            \
  /* Layer norm, and what its gradient needs: mean and 1 / deviation of every row. x, y: (R, D) */                     \
  void NAME(ck_center)(REAL *y, REAL *means, REAL *inverses, const REAL *x, const REAL *gain, const REAL *bias,        \
                       size_t rows, size_t width, REAL epsilon);                                                       \
  /* dx, dgain and dbias may each be null. */                                                                          \
  void NAME(ck_center_gradient)(REAL *dx, REAL *dgain, REAL *dbias, const REAL *dy, const REAL *x, const REAL *means,  \
                                const REAL *inverses, const REAL *gain, size_t rows, size_t width);                    \
  /* Norm by the root of the mean square, and what its gradient needs. x, y: (R, D) */                                 \
  void NAME(ck_root)(REAL *y, REAL *inverses, const REAL *x, const REAL *gain, size_t rows, size_t width,              \
                     REAL epsilon);                                                                                    \
  void NAME(ck_root_gradient)(REAL *dx, REAL *dgain, const REAL *dy, const REAL *x, const REAL *inverses,              \
                              const REAL *gain, size_t rows, size_t width);                                            \
  /* x = softmax(scale · x) in place over the first `first + r` numbers of row r, 0 elsewhere; over all of the row if  \
     `first` is 0. x: (R, D) */                                                                                        \
  void NAME(ck_softmax)(REAL *x, REAL scale, size_t rows, size_t width, size_t first);                                 \
  /* dy becomes the gradient of x, in place: scale · y (dy − Σ y dy). */                                               \
  void NAME(ck_softmax_back)(REAL *dy, const REAL *y, REAL scale, size_t rows, size_t width);                          \
  /* y = x − log Σ exp x. (R, D) */                                                                                    \
  void NAME(ck_log_softmax)(REAL *y, const REAL *x, size_t rows, size_t width);                                        \
  void NAME(ck_log_softmax_gradient)(REAL *dx, const REAL *y, const REAL *dy, size_t rows, size_t width);              \
  /* y = x or 0, scaled so that the mean stays; which, depends on seed and place alone. With `adds` it adds. (N) */    \
  void NAME(ck_dropout)(REAL *y, const REAL *x, size_t count, uint64_t seed, double probability, bool adds);           \
  /* Σ of (Σ|a|)² / Σa² over the rows that are not 0, and what its gradient needs: both sums of every row. x: (R, D) */\
  double NAME(ck_hoyer)(REAL *sums, REAL *squares, const REAL *x, size_t rows, size_t width);                          \
  void NAME(ck_hoyer_gradient)(REAL *dx, const REAL *x, const REAL *sums, const REAL *squares, REAL share,             \
                               size_t rows, size_t width);                                                             \
  /* Σ|x|. (N) */                                                                                                      \
  double NAME(ck_sum_sizes)(const REAL *x, size_t count);                                                              \
  /* dx += share · sign x. (N) */                                                                                      \
  void NAME(ck_sum_sizes_gradient)(REAL *dx, const REAL *x, REAL share, size_t count);                                 \
  /* y = max(x, floor) − floor. (N) */                                                                                 \
  void NAME(ck_excess)(REAL *y, const REAL *x, REAL floor, size_t count);                                              \
  /* dx += dy where x > floor. (N) */                                                                                  \
  void NAME(ck_excess_gradient)(REAL *dx, const REAL *x, const REAL *dy, REAL floor, size_t count);                    \
  /* y = w eᵘ / Σ w eᵘ with u = x − max x, w = max(u + t, 0) and t = reaches[r · step]: an infinite t is plain softmax,\
     0 is 1 / ties for the largest. x, y: (R, D), D > 0 */                                                             \
  void NAME(ck_t_softmax)(REAL *y, const REAL *x, const REAL *reaches, size_t step, size_t rows, size_t width);        \
  /* dx and dreaches may each be null. */                                                                              \
  void NAME(ck_t_softmax_gradient)(REAL *dx, REAL *dreaches, const REAL *dy, const REAL *x, const REAL *y,             \
                                   const REAL *reaches, size_t step, size_t rows, size_t width);                       \
  /* The t that makes the zeros[r] ≤ D smallest numbers of row r 0, and where the largest of these lies: max x − x[place];\
     infinite, and place D, if there is none or it is −∞. x: (R, D), scratch: (D) */                                   \
  void NAME(ck_reaches)(REAL *reaches, size_t *places, const REAL *x, const size_t *zeros, REAL *scratch, size_t rows, \
                        size_t width);                                                                                 \
  void NAME(ck_reaches_gradient)(REAL *dx, const REAL *dreaches, const size_t *places, const REAL *x, size_t rows,     \
                                 size_t width);                                                                        \
  /* Rotary turns of every head at its row's position; backwards it turns the other way, and ADDS. x, y: (R, heads · 2 ·\
     pairs), cosines, sines: (positions, pairs) */                                                                     \
  void NAME(ck_turn)(REAL *y, const REAL *x, const REAL *cosines, const REAL *sines, const size_t *positions,          \
                     size_t rows, size_t heads, size_t pairs, bool backwards);                                         \
  /* One step of AdamW. (N) */                                                                                         \
  void NAME(ck_adamw)(REAL *weights, REAL *means, REAL *squares, const REAL *gradient, size_t count,                   \
                      const struct ck_adamw *step);

#define CK_F32(name) name##_f32
#define CK_F64(name) name##_f64
CK_LEARNING(float, CK_F32)
CK_LEARNING(double, CK_F64)

#endif
