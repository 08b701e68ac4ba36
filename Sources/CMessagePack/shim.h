// The door to msgpack-c; Wire is its only user.
#include <msgpack.h>
