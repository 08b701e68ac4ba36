// The door to OpenBLAS; Tensors is its only user.
#include <cblas.h>

// OpenBLAS holds LAPACK's routines, but Debian ships their C header in another package (liblapacke-dev); these are the
// Fortran routines as the library exports them, with the length of `job` passed last, as gfortran does.
void sgesdd_(const char *job, const blasint *rows, const blasint *columns, float *a, const blasint *a_stride, float *s,
             float *u, const blasint *u_stride, float *vt, const blasint *vt_stride, float *work,
             const blasint *work_count, blasint *integers, blasint *failure, size_t job_length);
void dgesdd_(const char *job, const blasint *rows, const blasint *columns, double *a, const blasint *a_stride,
             double *s, double *u, const blasint *u_stride, double *vt, const blasint *vt_stride, double *work,
             const blasint *work_count, blasint *integers, blasint *failure, size_t job_length);
