import Testing

struct ShuffleTests {}
