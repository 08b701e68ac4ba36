// Models: what a model is. Reads checkpoints (GGUF files and Hugging Face directories) into named,
// checked weights; turns text into tokens and back; runs the plain reference forward; and holds the
// one arithmetic of cost. Model files are hostile: every count is checked before it is used.
