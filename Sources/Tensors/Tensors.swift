// Tensors: numbers in memory. Files mapped for reading, stored weights decoded to float32, matrices
// that multiply rows, and plain tensors for the reference forward. The only user of OpenBLAS and
// CKernels; pointers stay inside, spans and arrays go in and out.
