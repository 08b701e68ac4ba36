// The methods: a folder per paper, each a pass that takes a model, data and settings and gives an artifact and a report;
// beside them `Data`, which reads labelled text, and `Training`, which fine-tunes.
