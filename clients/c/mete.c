/* mete, the C client. mete.h says what it does; this file, from the bottom up:
 *
 *   1 memory and MessagePack      4 bills and ends             7 connection: socket, timers, reconnecting
 *   2 scanning what came          5 conversation: state        8 calls
 *   3 frames                      6 conversation: receiving    9 the methods
 *
 * Sections 1 to 6 hold no socket and no clock: bytes and times go in, events and bytes come out. */
#undef _GNU_SOURCE /* its strerror_r is another function */
#define _POSIX_C_SOURCE 200809L
#include "mete.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

/* The only way to memory, so that tests can take it away. */
#ifndef METE_REALLOC
#define METE_REALLOC realloc
#endif

enum {
  INT31_MAX_ = 0x7fffffff, /* the highest stream id and the highest window */
  FEW_KEYS = 16,           /* keys of a map that are compared without sorting */
  FAULT_TEXT_BYTES = 192,
  WORD_BYTES_MAX = 64, /* a detail word that a server's GOAWAY begins with */
  TEXT_STEP = 4096,    /* pieces are cut to messages of these sizes, well below half of the default stream credit */
  BYTES_STEP = 16384,
  TOKENS_STEP = 2048
};

#define FOREVER UINT64_MAX

/* ==== 1 memory and MessagePack ====================================================================================== */

static void *allocate(size_t size) {
  void *made = METE_REALLOC(NULL, size ? size : 1);
  if (made) memset(made, 0, size ? size : 1);
  return made;
}

static bool reserve(mete_writer *writer, size_t more) {
  if (writer->result == METE_NO_MEMORY) return false;
  if (more <= writer->capacity - writer->length) return true;
  size_t size = writer->capacity ? writer->capacity : 64;
  while (size - writer->length < more) {
    if (size > SIZE_MAX / 2) {
      writer->result = METE_NO_MEMORY;
      return false;
    }
    size *= 2;
  }
  uint8_t *grown = METE_REALLOC(writer->data, size);
  if (!grown) {
    writer->result = METE_NO_MEMORY;
    return false;
  }
  writer->data = grown;
  writer->capacity = size;
  return true;
}

static void append(mete_writer *writer, const void *data, size_t length) {
  if (length == 0 || !reserve(writer, length)) return;
  memcpy(writer->data + writer->length, data, length);
  writer->length += length;
}

static void store_big_endian(uint8_t *to, uint64_t value, unsigned width) {
  for (unsigned i = width; i-- > 0; value >>= 8) to[i] = (uint8_t)(value & 0xff);
}

/* A head byte and `width` bytes of a big-endian number. */
static void put_head(mete_writer *writer, uint8_t head, uint64_t value, unsigned width) {
  uint8_t bytes[9] = {head};
  store_big_endian(bytes + 1, value, width);
  append(writer, bytes, 1 + width);
}

void mete_put_nil(mete_writer *writer) { put_head(writer, 0xc0, 0, 0); }

void mete_put_bool(mete_writer *writer, bool value) { put_head(writer, value ? 0xc3 : 0xc2, 0, 0); }

void mete_put_uint(mete_writer *writer, uint64_t value) {
  if (value < 0x80) put_head(writer, (uint8_t)value, 0, 0);
  else if (value <= UINT8_MAX) put_head(writer, 0xcc, value, 1);
  else if (value <= UINT16_MAX) put_head(writer, 0xcd, value, 2);
  else if (value <= UINT32_MAX) put_head(writer, 0xce, value, 4);
  else put_head(writer, 0xcf, value, 8);
}

void mete_put_int(mete_writer *writer, int64_t value) {
  uint64_t bits = (uint64_t)value;
  if (value >= 0) mete_put_uint(writer, bits);
  else if (value >= -32) put_head(writer, (uint8_t)(bits & 0xff), 0, 0);
  else if (value >= INT8_MIN) put_head(writer, 0xd0, bits, 1);
  else if (value >= INT16_MIN) put_head(writer, 0xd1, bits, 2);
  else if (value >= INT32_MIN) put_head(writer, 0xd2, bits, 4);
  else put_head(writer, 0xd3, bits, 8);
}

void mete_put_float(mete_writer *writer, double value) {
  uint64_t bits;
  memcpy(&bits, &value, sizeof bits);
  put_head(writer, 0xcb, bits, 8);
}

void mete_put_single(mete_writer *writer, float value) {
  uint32_t bits;
  memcpy(&bits, &value, sizeof bits);
  put_head(writer, 0xca, bits, 4);
}

/* Whether bytes are UTF-8: no overlong forms, no surrogates, nothing above U+10FFFF. */
static bool is_utf8(const uint8_t *at, size_t length) {
  const uint8_t *end = at + length;
  while (at < end) {
    uint8_t head = *at++;
    if (head < 0x80) continue;
    unsigned more = head >= 0xf0 ? 3 : head >= 0xe0 ? 2 : 1;
    if (head < 0xc2 || head > 0xf4 || (size_t)(end - at) < more) return false;
    uint8_t least = head == 0xe0 ? 0xa0 : head == 0xf0 ? 0x90 : 0x80;
    uint8_t most = head == 0xed ? 0x9f : head == 0xf4 ? 0x8f : 0xbf;
    if (*at < least || *at > most) return false;
    for (at++; more > 1; more--) {
      if ((*at++ & 0xc0) != 0x80) return false;
    }
  }
  return true;
}

void mete_put_str(mete_writer *writer, const char *data, size_t length) {
  if (length > UINT32_MAX || !is_utf8((const uint8_t *)data, length)) {
    if (writer->result == METE_DONE) writer->result = METE_WRONG;
    return;
  }
  if (length < 32) put_head(writer, (uint8_t)(0xa0 | length), 0, 0);
  else if (length <= UINT8_MAX) put_head(writer, 0xd9, length, 1);
  else if (length <= UINT16_MAX) put_head(writer, 0xda, length, 2);
  else put_head(writer, 0xdb, length, 4);
  append(writer, data, length);
}

void mete_put_text(mete_writer *writer, const char *text) { mete_put_str(writer, text, strlen(text)); }

void mete_put_bin(mete_writer *writer, const void *data, size_t length) {
  if (length > UINT32_MAX) {
    if (writer->result == METE_DONE) writer->result = METE_WRONG;
    return;
  }
  if (length <= UINT8_MAX) put_head(writer, 0xc4, length, 1);
  else if (length <= UINT16_MAX) put_head(writer, 0xc5, length, 2);
  else put_head(writer, 0xc6, length, 4);
  append(writer, data, length);
}

void mete_put_array(mete_writer *writer, uint32_t count) {
  if (count < 16) put_head(writer, (uint8_t)(0x90 | count), 0, 0);
  else if (count <= UINT16_MAX) put_head(writer, 0xdc, count, 2);
  else put_head(writer, 0xdd, count, 4);
}

void mete_put_map(mete_writer *writer, uint32_t count) {
  if (count < 16) put_head(writer, (uint8_t)(0x80 | count), 0, 0);
  else if (count <= UINT16_MAX) put_head(writer, 0xde, count, 2);
  else put_head(writer, 0xdf, count, 4);
}

void mete_writer_free(mete_writer *writer) {
  free(writer->data);
  memset(writer, 0, sizeof *writer);
}

bool mete_text_is(mete_text text, const char *wanted) {
  return text.data && text.length == strlen(wanted) && memcmp(text.data, wanted, text.length) == 0;
}

/* A big-endian number of `width` bytes; false if they are not there. */
static bool take_number(mete_reader *reader, unsigned width, uint64_t *value) {
  if ((size_t)(reader->end - reader->at) < width) return false;
  *value = 0;
  while (width-- > 0) *value = *value << 8 | *reader->at++;
  return true;
}

static bool take_bytes(mete_reader *reader, mete_kind kind, uint64_t length, mete_value *value) {
  if ((uint64_t)(reader->end - reader->at) < length) return false;
  value->kind = kind;
  value->text = (mete_text){(const char *)reader->at, (size_t)length};
  reader->at += length;
  return true;
}

static bool take_signed(mete_reader *reader, unsigned width, mete_value *value) {
  uint64_t bits;
  if (!take_number(reader, width, &bits)) return false;
  uint64_t sign = (uint64_t)1 << (8 * width - 1);
  if (!(bits & sign)) {
    value->kind = METE_UINT;
    value->uint = bits;
    return true;
  }
  value->kind = METE_INT;
  /* In two steps, since a cast of a number above INT64_MAX is the compiler's choice. */
  value->integer = -(int64_t)(sign - 1 - (bits & (sign - 1))) - 1;
  return true;
}

static bool take_float(mete_reader *reader, bool single, mete_value *value) {
  uint64_t bits;
  if (!take_number(reader, single ? 4 : 8, &bits)) return false;
  value->kind = METE_FLOAT;
  value->single = single;
  if (single) {
    uint32_t half = (uint32_t)bits;
    float number;
    memcpy(&number, &half, sizeof number);
    value->number = (double)number;
  } else {
    memcpy(&value->number, &bits, sizeof bits);
  }
  return true;
}

static bool take_count(mete_value *value, mete_kind kind, uint64_t count) {
  value->kind = kind;
  value->count = (uint32_t)count;
  return true;
}

bool mete_read(mete_reader *reader, mete_value *value) {
  memset(value, 0, sizeof *value);
  if (reader->at >= reader->end) return false;
  uint8_t head = *reader->at++;
  uint64_t number = 0;
  if (head < 0x80) {
    value->kind = METE_UINT;
    value->uint = head;
    return true;
  }
  if (head >= 0xe0) {
    value->kind = METE_INT;
    value->integer = (int64_t)head - 256;
    return true;
  }
  if (head < 0x90) return take_count(value, METE_MAP, head & 15);
  if (head < 0xa0) return take_count(value, METE_ARRAY, head & 15);
  if (head < 0xc0) return take_bytes(reader, METE_STR, head & 31, value);
  switch (head) {
    case 0xc0: value->kind = METE_NIL; return true;
    case 0xc2:
    case 0xc3:
      value->kind = METE_BOOL;
      value->boolean = head == 0xc3;
      return true;
    case 0xc4:
    case 0xc5:
    case 0xc6: return take_number(reader, 1U << (head - 0xc4), &number) && take_bytes(reader, METE_BIN, number, value);
    case 0xca:
    case 0xcb: return take_float(reader, head == 0xca, value);
    case 0xcc:
    case 0xcd:
    case 0xce:
    case 0xcf: value->kind = METE_UINT; return take_number(reader, 1U << (head - 0xcc), &value->uint);
    case 0xd0:
    case 0xd1:
    case 0xd2:
    case 0xd3: return take_signed(reader, 1U << (head - 0xd0), value);
    case 0xd9:
    case 0xda:
    case 0xdb: return take_number(reader, 1U << (head - 0xd9), &number) && take_bytes(reader, METE_STR, number, value);
    case 0xdc:
    case 0xdd: return take_number(reader, 2U << (head - 0xdc), &number) && take_count(value, METE_ARRAY, number);
    case 0xde:
    case 0xdf: return take_number(reader, 2U << (head - 0xde), &number) && take_count(value, METE_MAP, number);
    default: return false; /* extension types, and the byte that nothing uses */
  }
}

static bool skip(mete_reader *reader, unsigned depth) {
  mete_value value;
  if (!mete_read(reader, &value)) return false;
  if (value.kind != METE_ARRAY && value.kind != METE_MAP) return true;
  if (depth >= METE_DEPTH_TOP) return false;
  uint64_t values = value.kind == METE_MAP ? (uint64_t)value.count * 2 : value.count;
  while (values-- > 0) {
    if (!skip(reader, depth + 1)) return false;
  }
  return true;
}

bool mete_skip(mete_reader *reader) { return skip(reader, 0); }

/* The value that begins here, and its bytes as a reader of its own. */
static bool take_raw(mete_reader *reader, mete_value *value, mete_reader *raw) {
  mete_reader peek = *reader;
  *raw = peek;
  if (!mete_read(&peek, value) || !mete_skip(reader)) return false;
  raw->end = reader->at;
  return true;
}

/* ==== 2 scanning what came ========================================================================================== */

/* Everything from outside is scanned once, before any of it is used: after that, counts are true, strings are UTF-8 and
 * keys are unique, and the readers above cannot fail on it. */

typedef enum finding { FINE, MALFORMED, NO_MEMORY } finding;

typedef struct scanner {
  mete_reader reader;
  uint64_t items_left, depth_max;
  const char *reason;
} scanner;

static finding malformed(scanner *scan, const char *reason) {
  scan->reason = reason;
  return MALFORMED;
}

static int compare_texts(const void *one, const void *other) {
  const mete_text *a = one, *b = other;
  size_t shared = a->length < b->length ? a->length : b->length;
  int order = shared ? memcmp(a->data, b->data, shared) : 0;
  if (order != 0) return order;
  return a->length < b->length ? -1 : a->length > b->length;
}

static bool has_twins(mete_text *keys, uint32_t count) {
  /* A map may have ten thousand keys: only a few are compared each with each. */
  if (count > FEW_KEYS) qsort(keys, count, sizeof *keys, compare_texts);
  for (uint32_t i = 1; i < count; i++) {
    uint32_t first = count > FEW_KEYS ? i - 1 : 0;
    for (uint32_t k = first; k < i; k++) {
      if (compare_texts(&keys[i], &keys[k]) == 0) return true;
    }
  }
  return false;
}

static finding scan_value(scanner *scan, unsigned depth);

static finding scan_entries(scanner *scan, mete_text *keys, uint32_t count, unsigned depth) {
  for (uint32_t i = 0; i < count; i++) {
    mete_reader peek = scan->reader;
    mete_value key;
    if (!mete_read(&peek, &key) || key.kind != METE_STR) return malformed(scan, "a map key is not a string");
    keys[i] = key.text;
    for (int part = 0; part < 2; part++) {
      finding found = scan_value(scan, depth);
      if (found != FINE) return found;
    }
  }
  return has_twins(keys, count) ? malformed(scan, "a map key appears twice") : FINE;
}

static finding scan_map(scanner *scan, uint32_t count, unsigned depth) {
  mete_text few[FEW_KEYS];
  if (count <= FEW_KEYS) return scan_entries(scan, few, count, depth);
  if (count > scan->items_left / 2) return malformed(scan, "too many items");
  mete_text *keys = allocate(count * sizeof *keys);
  if (!keys) return NO_MEMORY;
  finding found = scan_entries(scan, keys, count, depth);
  free(keys);
  return found;
}

/* `depth` containers are open around the value. */
static finding scan_value(scanner *scan, unsigned depth) {
  mete_value value;
  if (scan->items_left-- == 0) {
    scan->items_left = 0;
    return malformed(scan, "too many items");
  }
  if (!mete_read(&scan->reader, &value)) return malformed(scan, "a value is cut, missing or of an extension type");
  if (value.kind == METE_STR && !is_utf8((const uint8_t *)value.text.data, value.text.length))
    return malformed(scan, "a string is not UTF-8");
  if (value.kind != METE_ARRAY && value.kind != METE_MAP) return FINE;
  if (depth >= scan->depth_max) return malformed(scan, "nested too deep");
  uint64_t left = (uint64_t)(scan->reader.end - scan->reader.at);
  if ((value.kind == METE_MAP ? (uint64_t)value.count * 2 : value.count) > left)
    return malformed(scan, "an impossible count");
  if (value.kind == METE_MAP) return scan_map(scan, value.count, depth + 1);
  finding found = FINE;
  while (value.count-- > 0 && found == FINE) found = scan_value(scan, depth + 1);
  return found;
}

/* Whether the bytes are one whole value within the limits. */
static finding scan_whole(const uint8_t *data, size_t length, uint64_t depth_max, uint64_t items_max, const char **reason) {
  if (depth_max > METE_DEPTH_TOP) depth_max = METE_DEPTH_TOP;
  scanner scan = {{data, data + length}, items_max, depth_max, ""};
  finding found = scan_value(&scan, 0);
  if (found == FINE && scan.reader.at != scan.reader.end) found = malformed(&scan, "bytes are left over");
  *reason = scan.reason;
  return found;
}

/* ==== 3 frames ====================================================================================================== */

enum { HELLO, OPEN, DATA, HALF_CLOSE, END, BILL, CANCEL, CREDIT, PING, GOAWAY, KINDS };

/* Element types by kind, the kind itself left out: u unsigned, s string, m map, b bool, x anything. */
static const char *const shapes[KINDS] = {"um", "usmm", "ux", "u", "uussm", "um", "u", "uu", "ubu", "uuus"};

/* A bill that points into the frame it came in. */
typedef struct raw_bill {
  mete_bill bill;
  mete_reader histograms[2];
} raw_bill;

/* A decoded frame. Everything points into its bytes; what a kind does not have is zero. */
typedef struct frame {
  unsigned kind;
  uint64_t stream;
  mete_text method, detail, text, software;
  mete_reader options, metadata, message, versions; /* whole values */
  mete_status status;
  uint64_t number; /* CREDIT's bytes, PING's token, GOAWAY's last_stream */
  bool ack, speaks_our_version;
  mete_limits limits;
  raw_bill bill;
} frame;

/* Why a connection cannot go on. */
typedef struct fault {
  const char *detail; /* NULL is none */
  mete_status status;
  char text[FAULT_TEXT_BYTES];
} fault;

#ifdef __GNUC__
__attribute__((format(printf, 4, 5)))
#endif
static bool
fail(fault *why, mete_status status, const char *detail, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  why->detail = detail;
  why->status = status;
  (void)vsnprintf(why->text, sizeof why->text, format, arguments);
  va_end(arguments);
  return false;
}

static bool fail_malformed(fault *why, const char *text) {
  return fail(why, METE_STATUS_INVALID_ARGUMENT, "malformed_frame", "%s", text);
}

static bool fail_memory(fault *why) {
  return fail(why, METE_STATUS_RESOURCE_EXHAUSTED, "no_memory", "the system gave no memory");
}

static mete_status read_status(uint64_t number) {
  return number > METE_STATUS_UNAUTHENTICATED ? METE_STATUS_UNKNOWN : (mete_status)number;
}

typedef struct limit_row {
  const char *name;
  size_t offset;
  uint64_t standard, least;
} limit_row;

static const limit_row limit_rows[] = {
    {"frame_bytes_max", offsetof(mete_limits, frame_bytes_max), 1048576, 16384},
    {"streams_max", offsetof(mete_limits, streams_max), 100, 0},
    {"stream_credit", offsetof(mete_limits, stream_credit), 65536, 0},
    {"connection_credit", offsetof(mete_limits, connection_credit), 1048576, 0},
    {"metadata_bytes_max", offsetof(mete_limits, metadata_bytes_max), 8192, 0},
    {"metadata_count_max", offsetof(mete_limits, metadata_count_max), 64, 0},
    {"depth_max", offsetof(mete_limits, depth_max), 8, 8},
    {"items_max", offsetof(mete_limits, items_max), 65536, 4096},
    {"pings_max", offsetof(mete_limits, pings_max), 10, 0},
    {"ping_strikes_max", offsetof(mete_limits, ping_strikes_max), 2, 0},
    {"resets_max", offsetof(mete_limits, resets_max), 1000, 0},
    {"idle_ms", offsetof(mete_limits, idle_ms), 300000, 0},
    {"control_bytes_max", offsetof(mete_limits, control_bytes_max), 1048576, 0},
};
enum { LIMIT_ROWS = sizeof limit_rows / sizeof *limit_rows };

static uint64_t limit_of(const mete_limits *limits, const limit_row *row) {
  uint64_t value;
  memcpy(&value, (const char *)limits + row->offset, sizeof value);
  return value;
}

static void set_limit(mete_limits *limits, const limit_row *row, uint64_t value) {
  memcpy((char *)limits + row->offset, &value, sizeof value);
}

static uint64_t limit_top(const limit_row *row) { return strcmp(row->name, "idle_ms") == 0 ? UINT64_MAX : INT31_MAX_; }

static mete_limits standard_limits(void) {
  mete_limits limits;
  for (size_t i = 0; i < LIMIT_ROWS; i++) set_limit(&limits, &limit_rows[i], limit_rows[i].standard);
  return limits;
}

static bool decode_limits(mete_reader raw, mete_limits *limits, fault *why) {
  mete_value map, key, value;
  mete_read(&raw, &map);
  for (uint32_t i = 0; i < map.count; i++) {
    mete_reader whole;
    mete_read(&raw, &key);
    take_raw(&raw, &value, &whole);
    for (size_t row = 0; row < LIMIT_ROWS; row++) {
      const limit_row *limit = &limit_rows[row];
      if (!mete_text_is(key.text, limit->name)) continue;
      if (value.kind != METE_UINT || value.uint < limit->least || value.uint > limit_top(limit))
        return fail(why, METE_STATUS_INVALID_ARGUMENT, "malformed_frame", "HELLO: limit %s is out of bounds", limit->name);
      set_limit(limits, limit, value.uint);
    }
  }
  return true;
}

static bool decode_versions(mete_reader raw, bool *speaks, fault *why) {
  mete_value array, version;
  mete_read(&raw, &array);
  for (uint32_t i = 0; i < array.count; i++) {
    mete_reader whole;
    take_raw(&raw, &version, &whole);
    if (version.kind != METE_UINT) return fail_malformed(why, "HELLO: a version is not a uint");
    if (version.uint == 1) *speaks = true;
  }
  return true;
}

static bool decode_hello(mete_reader raw, frame *f, fault *why) {
  mete_value map, key, value;
  mete_reader whole;
  f->limits = standard_limits();
  mete_read(&raw, &map);
  for (uint32_t i = 0; i < map.count; i++) {
    mete_read(&raw, &key);
    take_raw(&raw, &value, &whole);
    if (mete_text_is(key.text, "versions")) {
      if (value.kind != METE_ARRAY) return fail_malformed(why, "HELLO: versions is not an array");
      f->versions = whole;
    } else if (mete_text_is(key.text, "software")) {
      if (value.kind != METE_STR) return fail_malformed(why, "HELLO: software is not a string");
      f->software = value.text;
    } else if (mete_text_is(key.text, "limits")) {
      if (value.kind != METE_MAP) return fail_malformed(why, "HELLO: limits is not a map");
      if (!decode_limits(whole, &f->limits, why)) return false;
    }
  }
  if (!f->versions.at) return fail_malformed(why, "HELLO: versions is missing");
  return decode_versions(f->versions, &f->speaks_our_version, why);
}

static bool is_metadata_key(mete_text key) {
  if (key.length < 1 || key.length > 64) return false;
  for (size_t i = 0; i < key.length; i++) {
    char c = key.data[i];
    if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '.' || c == '-')) return false;
  }
  return true;
}

static bool check_metadata(mete_reader raw, fault *why) {
  mete_value map, key, value;
  mete_reader whole;
  mete_read(&raw, &map);
  for (uint32_t i = 0; i < map.count; i++) {
    mete_read(&raw, &key);
    take_raw(&raw, &value, &whole);
    if (!is_metadata_key(key.text) || (value.kind != METE_STR && value.kind != METE_BIN))
      return fail_malformed(why, "END: metadata has a wrong key or value");
  }
  return true;
}

static bool decode_bill(mete_reader raw, raw_bill *bill, fault *why);

/* What lies in an array of the right length and types. */
static bool build(frame *f, const mete_value *got, const mete_reader *raw, fault *why) {
  f->stream = got[0].uint;
  switch (f->kind) {
    case HELLO: return decode_hello(raw[1], f, why);
    case OPEN:
      f->method = got[1].text;
      f->options = raw[2];
      f->metadata = raw[3];
      return true;
    case DATA: f->message = raw[1]; return true;
    case END:
      f->status = read_status(got[1].uint);
      f->detail = got[2].text;
      f->text = got[3].text;
      f->metadata = raw[4];
      return check_metadata(raw[4], why);
    case BILL: return decode_bill(raw[1], &f->bill, why);
    case CREDIT: f->number = got[1].uint; return true;
    case PING:
      f->ack = got[1].boolean;
      f->number = got[2].uint;
      return true;
    case GOAWAY:
      f->number = got[1].uint;
      f->status = read_status(got[2].uint);
      f->text = got[3].text;
      return true;
    default: return true;
  }
}

static bool suits(char letter, const mete_value *value) {
  switch (letter) {
    case 'u': return value->kind == METE_UINT;
    case 's': return value->kind == METE_STR;
    case 'm': return value->kind == METE_MAP;
    case 'b': return value->kind == METE_BOOL;
    default: return true;
  }
}

/* Reads the body of one frame, in the order of checks of PROTOCOL.md §2: what needs no state. */
static bool decode(const uint8_t *body, size_t length, const mete_limits *limits, frame *f, fault *why) {
  memset(f, 0, sizeof *f);
  const char *reason;
  finding found = scan_whole(body, length, limits->depth_max, limits->items_max, &reason);
  if (found == NO_MEMORY) return fail_memory(why);
  if (found == MALFORMED) return fail_malformed(why, reason);
  mete_reader reader = {body, body + length};
  mete_value array, kind, got[5] = {{0}};
  mete_reader raw[5];
  mete_read(&reader, &array);
  if (array.kind != METE_ARRAY || array.count == 0 || !mete_read(&reader, &kind) || kind.kind != METE_UINT)
    return fail_malformed(why, "not an array that begins with a kind");
  if (kind.uint >= KINDS)
    return fail(why, METE_STATUS_UNIMPLEMENTED, "unknown_kind", "kind %llu", (unsigned long long)kind.uint);
  f->kind = (unsigned)kind.uint;
  const char *shape = shapes[f->kind];
  if (array.count != 1 + strlen(shape)) return fail_malformed(why, "a frame of a wrong length");
  for (size_t i = 0; shape[i]; i++) {
    take_raw(&reader, &got[i], &raw[i]);
    if (!suits(shape[i], &got[i])) return fail_malformed(why, "an element of a wrong type");
  }
  if (!build(f, got, raw, why)) return false;
  bool of_connection = f->kind == HELLO || f->kind == PING || f->kind == GOAWAY;
  if (of_connection && f->stream != 0)
    return fail(why, METE_STATUS_INVALID_ARGUMENT, "stream_id", "a connection's frame for a stream");
  return true;
}

/* Begins a frame in the output and returns where; `end_frame` writes its length there. */
static size_t begin_frame(mete_writer *out, unsigned kind, uint32_t elements, uint64_t stream) {
  size_t at = out->length;
  append(out, "\0\0\0", 4);
  mete_put_array(out, elements);
  mete_put_uint(out, kind);
  mete_put_uint(out, stream);
  return at;
}

static void end_frame(mete_writer *out, size_t at) {
  if (out->result == METE_DONE) store_big_endian(out->data + at, out->length - at - 4, 4);
}

static void encode_hello(mete_writer *out, const char *software, const mete_limits *limits) {
  uint32_t special = 0;
  for (size_t i = 0; i < LIMIT_ROWS; i++) special += limit_of(limits, &limit_rows[i]) != limit_rows[i].standard;
  size_t at = begin_frame(out, HELLO, 3, 0);
  mete_put_map(out, special ? 3 : 2);
  mete_put_text(out, "versions");
  mete_put_array(out, 1);
  mete_put_uint(out, 1);
  mete_put_text(out, "software");
  mete_put_text(out, software);
  if (special) {
    mete_put_text(out, "limits");
    mete_put_map(out, special);
    for (size_t i = 0; i < LIMIT_ROWS; i++) {
      uint64_t value = limit_of(limits, &limit_rows[i]);
      if (value == limit_rows[i].standard) continue;
      mete_put_text(out, limit_rows[i].name);
      mete_put_uint(out, value);
    }
  }
  end_frame(out, at);
}

static void encode_bare(mete_writer *out, unsigned kind, uint64_t stream) {
  end_frame(out, begin_frame(out, kind, 2, stream));
}

static void encode_credit(mete_writer *out, uint64_t stream, uint64_t bytes) {
  size_t at = begin_frame(out, CREDIT, 3, stream);
  mete_put_uint(out, bytes);
  end_frame(out, at);
}

static void encode_ping(mete_writer *out, bool ack, uint64_t token) {
  size_t at = begin_frame(out, PING, 4, 0);
  mete_put_bool(out, ack);
  mete_put_uint(out, token);
  end_frame(out, at);
}

static void encode_goaway(mete_writer *out, uint64_t last_stream, mete_status status, const char *text, size_t length) {
  size_t at = begin_frame(out, GOAWAY, 5, 0);
  mete_put_uint(out, last_stream);
  mete_put_uint(out, status);
  mete_put_str(out, text, length);
  end_frame(out, at);
}

static void encode_data(mete_writer *out, uint64_t stream, const uint8_t *message, size_t length) {
  size_t at = begin_frame(out, DATA, 3, stream);
  append(out, message, length);
  end_frame(out, at);
}

/* An OPEN in its encoded parts. The deadline stands between them, since it is what is left when the frame leaves. */
typedef struct opening {
  mete_writer method, call, rest, metadata; /* the name; `call`; the options from `model` on; the whole map */
  uint32_t options;                         /* entries in `call` and `rest` */
} opening;

static void encode_open(mete_writer *out, uint64_t stream, const opening *open, const uint64_t *deadline_ms) {
  size_t at = begin_frame(out, OPEN, 5, stream);
  append(out, open->method.data, open->method.length);
  mete_put_map(out, open->options + (deadline_ms ? 1 : 0));
  append(out, open->call.data, open->call.length);
  if (deadline_ms) {
    mete_put_text(out, "deadline_ms");
    mete_put_uint(out, *deadline_ms);
  }
  append(out, open->rest.data, open->rest.length);
  if (open->metadata.length) append(out, open->metadata.data, open->metadata.length);
  else mete_put_map(out, 0);
  end_frame(out, at);
}

/* ==== 4 bills and ends ============================================================================================== */

typedef enum bill_type { ID, TEXT, TEXT_OR_NIL, STATUS, COUNT, BUDGET, MACS, COUNTS, NUMBER } bill_type;

typedef struct bill_row {
  const char *key;
  bill_type type;
  size_t offset, other; /* `other`: a budget's flag, a histogram's number */
} bill_row;

#define AT(field) offsetof(mete_bill, field)
static const bill_row bill_rows[] = {
    {"call", ID, AT(call), 0},
    {"tenant", TEXT, AT(tenant), 0},
    {"model", TEXT, AT(model), 0},
    {"method", TEXT, AT(method), 0},
    {"status", STATUS, AT(status), 0},
    {"tokens_in", COUNT, AT(tokens_in), 0},
    {"tokens_out", COUNT, AT(tokens_out), 0},
    {"macs", MACS, AT(macs), 0},
    {"macs_total", COUNT, AT(macs_total), 0},
    {"macs_dense", COUNT, AT(macs_dense), 0},
    {"layers_run", COUNT, AT(layers_run), 0},
    {"experts_run", COUNT, AT(experts_run), 0},
    {"layers_histogram", COUNTS, AT(layers_histogram), 0},
    {"experts_histogram", COUNTS, AT(experts_histogram), 1},
    {"queue_us", COUNT, AT(queue_us), 0},
    {"compute_us", COUNT, AT(compute_us), 0},
    {"total_us", COUNT, AT(total_us), 0},
    {"bytes_in", COUNT, AT(bytes_in), 0},
    {"bytes_out", COUNT, AT(bytes_out), 0},
    {"effort_asked", NUMBER, AT(effort_asked), 0},
    {"effort_given", NUMBER, AT(effort_given), 0},
    {"macs_max", BUDGET, AT(macs_max), AT(has_macs_max)},
    {"cost_max", BUDGET, AT(cost_max), AT(has_cost_max)},
    {"adapter", TEXT_OR_NIL, AT(adapter), 0},
    {"cost_micro", COUNT, AT(cost_micro), 0},
    {"currency", TEXT, AT(currency), 0},
    {"tokens_reused", COUNT, AT(tokens_reused), 0},
};
#undef AT
enum { BILL_ROWS = sizeof bill_rows / sizeof *bill_rows };

static const struct {
  const char *key;
  size_t offset;
} macs_rows[] = {
    {"attention", offsetof(mete_macs, attention)}, {"experts", offsetof(mete_macs, experts)},
    {"routers", offsetof(mete_macs, routers)},     {"exits", offsetof(mete_macs, exits)},
    {"head", offsetof(mete_macs, head)},           {"adapter", offsetof(mete_macs, adapter)},
    {"embedding", offsetof(mete_macs, embedding)},
};
enum { MACS_ROWS = sizeof macs_rows / sizeof *macs_rows };

static bool as_number(const mete_value *value, double *number) {
  if (value->kind == METE_FLOAT) *number = value->number;
  else if (value->kind == METE_UINT) *number = (double)value->uint;
  else if (value->kind == METE_INT) *number = (double)value->integer;
  else return false;
  return true;
}

static bool decode_macs(mete_reader raw, void *to) {
  mete_value map, key, value;
  mete_reader whole;
  mete_read(&raw, &map);
  for (uint32_t i = 0; i < map.count; i++) {
    mete_read(&raw, &key);
    take_raw(&raw, &value, &whole);
    if (value.kind != METE_UINT) return false;
    for (size_t row = 0; row < MACS_ROWS; row++) {
      if (mete_text_is(key.text, macs_rows[row].key))
        memcpy((char *)to + macs_rows[row].offset, &value.uint, sizeof value.uint);
    }
  }
  return true;
}

static bool are_counts(mete_reader raw) {
  mete_value array, value;
  mete_reader whole;
  mete_read(&raw, &array);
  for (uint32_t i = 0; i < array.count; i++) {
    take_raw(&raw, &value, &whole);
    if (value.kind != METE_UINT) return false;
  }
  return true;
}

/* Puts one entry into the bill; false if its type is wrong. */
static bool decode_entry(const bill_row *row, const mete_value *value, mete_reader whole, raw_bill *raw) {
  char *to = (char *)&raw->bill + row->offset;
  bool yes = true;
  double number = 0;
  switch (row->type) {
    case ID:
      if (value->kind != METE_BIN || value->text.length != 16) return false;
      memcpy(to, value->text.data, 16);
      return true;
    case TEXT_OR_NIL:
    case TEXT:
      if (row->type == TEXT_OR_NIL && value->kind == METE_NIL) return true;
      if (value->kind != METE_STR) return false;
      memcpy(to, &value->text, sizeof value->text);
      return true;
    case STATUS:
      if (value->kind != METE_UINT) return false;
      raw->bill.status = read_status(value->uint);
      return true;
    case BUDGET:
      if (value->kind == METE_NIL) return true;
      if (value->kind != METE_UINT) return false;
      memcpy((char *)&raw->bill + row->other, &yes, sizeof yes);
      memcpy(to, &value->uint, sizeof value->uint);
      return true;
    case COUNT:
      if (value->kind != METE_UINT) return false;
      memcpy(to, &value->uint, sizeof value->uint);
      return true;
    case MACS: return value->kind == METE_MAP && decode_macs(whole, to);
    case COUNTS:
      if (value->kind != METE_ARRAY || !are_counts(whole)) return false;
      raw->histograms[row->other] = whole;
      return true;
    case NUMBER:
      if (!as_number(value, &number)) return false;
      memcpy(to, &number, sizeof number);
      return true;
  }
  return false;
}

static bool decode_bill(mete_reader raw, raw_bill *bill, fault *why) {
  mete_value map, key, value;
  mete_reader whole;
  memset(bill, 0, sizeof *bill);
  mete_read(&raw, &map);
  for (uint32_t i = 0; i < map.count; i++) {
    mete_read(&raw, &key);
    take_raw(&raw, &value, &whole);
    for (size_t row = 0; row < BILL_ROWS; row++) {
      if (!mete_text_is(key.text, bill_rows[row].key)) continue;
      if (!decode_entry(&bill_rows[row], &value, whole, bill))
        return fail(why, METE_STATUS_INVALID_ARGUMENT, "malformed_frame", "bill: %s has a wrong type", bill_rows[row].key);
    }
  }
  return true;
}

static uint32_t count_of(mete_reader raw) {
  mete_value array;
  return raw.at && mete_read(&raw, &array) ? array.count : 0;
}

/* Moves a text into storage, with a NUL after it. */
static void keep_text(mete_text *text, char **storage) {
  char *to = *storage;
  if (text->length) memcpy(to, text->data, text->length);
  to[text->length] = 0;
  *storage = to + text->length + 1;
  text->data = to;
}

static const uint64_t *keep_counts(mete_reader raw, size_t *count, uint64_t **storage) {
  uint64_t *to = *storage;
  mete_value value;
  *count = count_of(raw);
  if (*count) mete_read(&raw, &value);
  for (size_t i = 0; i < *count; i++) {
    mete_read(&raw, &value);
    to[i] = value.uint;
  }
  *storage = to + *count;
  return to;
}

/* Copies a bill out of its frame into one block, `*storage`, which the caller frees. */
static bool keep_bill(const raw_bill *raw, mete_bill *bill, void **storage) {
  *bill = raw->bill;
  mete_text *texts[] = {&bill->tenant, &bill->model, &bill->method, &bill->currency, &bill->adapter};
  size_t counts = (size_t)count_of(raw->histograms[0]) + count_of(raw->histograms[1]);
  size_t size = counts * sizeof(uint64_t);
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) size += texts[i]->length + 1;
  *storage = allocate(size);
  if (!*storage) return false;
  uint64_t *numbers = *storage;
  bill->layers_histogram = keep_counts(raw->histograms[0], &bill->layers_histogram_count, &numbers);
  bill->experts_histogram = keep_counts(raw->histograms[1], &bill->experts_histogram_count, &numbers);
  char *bytes = (char *)numbers;
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
    if (texts[i] != &bill->adapter || bill->adapter.data) keep_text(texts[i], &bytes);
  }
  return true;
}

/* Copies an END out of its frame into one block, `*storage`, which the caller frees. */
static bool keep_end(const frame *f, mete_end *end, void **storage) {
  mete_reader raw = f->metadata;
  mete_value map, key, value;
  mete_read(&raw, &map);
  /* Keys and values with their NULs are no longer than their frame and two bytes each. */
  size_t size = map.count * sizeof(mete_metadata) + f->detail.length + f->text.length + 2 +
                (size_t)(f->metadata.end - f->metadata.at) + 2 * (size_t)map.count;
  *storage = allocate(size);
  if (!*storage) return false;
  mete_metadata *entries = *storage;
  char *bytes = (char *)(entries + map.count);
  *end = (mete_end){f->status, f->detail, f->text, false, entries, map.count};
  keep_text(&end->detail, &bytes);
  keep_text(&end->text, &bytes);
  for (uint32_t i = 0; i < map.count; i++) {
    mete_read(&raw, &key);
    mete_read(&raw, &value);
    entries[i] = (mete_metadata){key.text, value.text, value.kind == METE_BIN};
    keep_text(&entries[i].key, &bytes);
    keep_text(&entries[i].value, &bytes);
  }
  return true;
}

mete_text mete_end_metadata(const mete_end *end, const char *key) {
  for (size_t i = 0; end && i < end->metadata_count; i++) {
    if (mete_text_is(end->metadata[i].key, key)) return end->metadata[i].value;
  }
  return (mete_text){NULL, 0};
}

const char *mete_result_name(mete_result result) {
  static const char *const names[] = {"done",      "blocked", "over",      "wrong",    "too large",
                                      "no memory", "lost",    "timed out", "bad reply"};
  return (size_t)result < sizeof names / sizeof *names ? names[result] : "unknown";
}

const char *mete_status_name(mete_status status) {
  static const char *const names[] = {
      "OK",           "CANCELLED",     "UNKNOWN",           "INVALID_ARGUMENT",   "DEADLINE_EXCEEDED", "NOT_FOUND",
      "ALREADY_EXISTS", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED",       "OUT_OF_RANGE",
      "UNIMPLEMENTED", "INTERNAL",     "UNAVAILABLE",       "DATA_LOSS",          "UNAUTHENTICATED"};
  return (size_t)status < sizeof names / sizeof *names ? names[status] : "UNKNOWN";
}

/* ==== 5 conversation: state ========================================================================================= */

/* A stream from its OPEN to its BILL. */
typedef struct stream {
  uint32_t id;
  void *owner;            /* the call; NULL if nobody listens any more */
  int64_t send_left;      /* below zero after a HELLO that takes back what was spent already */
  int64_t receive_left;   /* what the server may still send */
  int64_t owed, held;     /* consumed and not given back; come and not consumed */
  bool half_closed, cancelled, ended;
} stream;

/* The client's side of a connection, without socket or clock. After a fault nothing is read any more. */
typedef struct talk {
  mete_limits own, peer;
  bool greeted;
  fault failure;
  mete_writer gathered; /* a frame that has not come whole */
  mete_writer out;      /* bytes to write, from `written` on */
  size_t written;
  size_t control_bytes; /* of the unwritten output: frames that are not DATA, at most */
  bool gathered_is_used;
  stream *streams; /* ascending by id */
  size_t count, capacity;
  uint32_t last_stream;
  int64_t send_left, receive_left, owed;
  uint64_t *pings;  /* when the latest PINGs came, a ring of own.pings_max */
  uint64_t strikes; /* PINGs that were too many, since DATA was last sent */
  size_t pings_first, pings_count;
} talk;

typedef enum event_kind { NOTHING, GREETED, MESSAGE, ENDED, BILLED, PONGED, GOING_AWAY, FAILED } event_kind;

/* What a conversation tells its owner. `frame` points into bytes that stay until the next receive. */
typedef struct event {
  event_kind kind;
  void *owner;
  size_t size; /* MESSAGE: bytes of credit that it took */
  frame frame;
} event;

static void talk_free(talk *t) {
  if (!t) return;
  mete_writer_free(&t->gathered);
  mete_writer_free(&t->out);
  free(t->streams);
  free(t->pings);
  free(t);
}

/* Begins a conversation whose HELLO is in the output; NULL without memory. */
static talk *talk_new(const mete_limits *own, const char *software) {
  talk *t = allocate(sizeof *t);
  if (!t) return NULL;
  t->own = *own;
  t->peer = standard_limits();
  t->send_left = (int64_t)t->peer.connection_credit;
  t->receive_left = (int64_t)own->connection_credit;
  size_t ring = (size_t)(own->pings_max < METE_PINGS_TOP ? own->pings_max : METE_PINGS_TOP);
  t->pings = allocate(ring * sizeof *t->pings);
  encode_hello(&t->out, software, own);
  if (t->pings && t->out.result == METE_DONE) return t;
  talk_free(t);
  return NULL;
}

static size_t talk_unwritten(const talk *t) { return t->out.length - t->written; }

/* Takes account of bytes that the socket took. */
static void talk_wrote(talk *t, size_t count) {
  t->written += count;
  if (t->written == t->out.length) {
    t->written = t->out.length = 0;
  } else if (t->written > METE_OUTPUT_BYTES_MAX / 4) {
    memmove(t->out.data, t->out.data + t->written, talk_unwritten(t));
    t->out.length -= t->written;
    t->written = 0;
  }
  if (t->control_bytes > talk_unwritten(t)) t->control_bytes = talk_unwritten(t);
}

/* Where a stream is or would be. */
static size_t talk_place(const talk *t, uint64_t id) {
  size_t low = 0, high = t->count;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (t->streams[middle].id < id) low = middle + 1;
    else high = middle;
  }
  return low;
}

/* A stream whose bill has not come, NULL if it is closed. */
static stream *talk_find(const talk *t, uint64_t id) {
  size_t at = talk_place(t, id);
  return at < t->count && t->streams[at].id == id ? &t->streams[at] : NULL;
}

static void talk_remove(talk *t, const stream *gone) {
  size_t at = (size_t)(gone - t->streams);
  memmove(&t->streams[at], &t->streams[at + 1], (t->count - at - 1) * sizeof *t->streams);
  t->count--;
}

static bool talk_grow(talk *t) {
  if (t->count < t->capacity) return true;
  size_t capacity = t->capacity ? 2 * t->capacity : 16;
  stream *grown = METE_REALLOC(t->streams, capacity * sizeof *grown);
  if (!grown) return false;
  t->streams = grown;
  t->capacity = capacity;
  return true;
}

/* Opens a stream. The caller keeps to the peer's streams_max. METE_DONE, METE_TOO_LARGE, METE_NO_MEMORY, METE_LOST. */
static mete_result talk_open(talk *t, const opening *open, const uint64_t *deadline_ms, void *owner, uint32_t *id) {
  if (t->failure.detail || t->last_stream == INT31_MAX_) return METE_LOST;
  if (!talk_grow(t)) return METE_NO_MEMORY;
  size_t before = t->out.length;
  encode_open(&t->out, t->last_stream + 1, open, deadline_ms);
  if (t->out.result != METE_DONE) return METE_NO_MEMORY;
  if (t->out.length - before - 4 > t->peer.frame_bytes_max) {
    t->out.length = before;
    return METE_TOO_LARGE;
  }
  t->control_bytes += t->out.length - before;
  *id = ++t->last_stream;
  t->streams[t->count++] = (stream){.id = *id,
                                    .owner = owner,
                                    .send_left = (int64_t)t->peer.stream_credit,
                                    .receive_left = (int64_t)t->own.stream_credit};
  return METE_DONE;
}

/* The N of a DATA frame: head, kind and stream id go before the message. */
static size_t data_size(uint32_t id, size_t length) {
  return length + 2 + (id < 0x80 ? 1U : id <= UINT8_MAX ? 2U : id <= UINT16_MAX ? 3U : 5U);
}

/* The largest N that is sure to go some day: a receiver may gather half a window before it gives any back. */
static uint64_t talk_data_max(const talk *t) {
  uint64_t most = t->peer.stream_credit < t->peer.connection_credit ? t->peer.stream_credit : t->peer.connection_credit;
  return most / 2 < t->peer.frame_bytes_max ? most / 2 : t->peer.frame_bytes_max;
}

/* Bytes of DATA that both windows cover on a stream; 0 if it takes none. */
static int64_t talk_sendable(const talk *t, uint32_t id) {
  const stream *s = talk_find(t, id);
  if (!s || s->half_closed || s->cancelled || s->ended) return 0;
  int64_t least = s->send_left < t->send_left ? s->send_left : t->send_left;
  return least > 0 ? least : 0;
}

/* Sends a message if credit covers it. */
static bool talk_send(talk *t, uint32_t id, const uint8_t *message, size_t length) {
  size_t size = data_size(id, length);
  if (t->failure.detail || (uint64_t)talk_sendable(t, id) < size) return false;
  stream *s = talk_find(t, id);
  s->send_left -= (int64_t)size;
  t->send_left -= (int64_t)size;
  t->strikes = 0;
  encode_data(&t->out, id, message, length);
  return true;
}

/* Counts what a frame other than DATA added to the output. */
static void talk_count_control(talk *t, size_t before) { t->control_bytes += t->out.length - before; }

static void talk_half_close(talk *t, uint32_t id) {
  stream *s = talk_find(t, id);
  if (!s || s->half_closed || s->cancelled || s->ended) return;
  size_t before = t->out.length;
  s->half_closed = true;
  encode_bare(&t->out, HALF_CLOSE, id);
  talk_count_control(t, before);
}

static void talk_credit(talk *t, uint32_t id, int64_t bytes) {
  size_t before = t->out.length;
  encode_credit(&t->out, id, (uint64_t)bytes);
  talk_count_control(t, before);
}

/* A quarter of a window is gathered first, so that small messages do not cost a CREDIT each. */
static bool is_due(int64_t owed, uint64_t window) { return owed > 0 && (uint64_t)owed * 4 >= window; }

static void talk_give_back(talk *t, int64_t size) {
  t->owed += size;
  if (!is_due(t->owed, t->own.connection_credit)) return;
  talk_credit(t, 0, t->owed);
  t->receive_left += t->owed;
  t->owed = 0;
}

/* A stream that is over gives the connection back what it held, read or not: unread answers starve no other call. */
static void talk_release(talk *t, stream *s) {
  talk_give_back(t, s->held);
  s->held = s->owed = 0;
}

static void talk_cancel(talk *t, uint32_t id) {
  stream *s = talk_find(t, id);
  if (!s || s->cancelled || s->ended) return;
  size_t before = t->out.length;
  s->cancelled = true;
  encode_bare(&t->out, CANCEL, id);
  talk_count_control(t, before);
  talk_release(t, s);
}

/* Gives credit back for messages that the application has used. A stream that is over has given it back already. */
static void talk_consumed(talk *t, uint32_t id, size_t size) {
  stream *s = talk_find(t, id);
  if (!s || s->cancelled || s->ended) return;
  s->held -= (int64_t)size;
  s->owed += (int64_t)size;
  talk_give_back(t, (int64_t)size);
  if (!is_due(s->owed, t->own.stream_credit)) return;
  talk_credit(t, id, s->owed);
  s->receive_left += s->owed;
  s->owed = 0;
}

static bool talk_owes(const talk *t) {
  bool owes = t->owed > 0;
  for (size_t i = 0; i < t->count && !owes; i++) owes = t->streams[i].owed > 0;
  return owes;
}

/* Gives back all credit that is owed; due METE_SETTLE_MS after it began to gather. */
static void talk_settle(talk *t) {
  if (t->owed > 0) talk_credit(t, 0, t->owed);
  t->receive_left += t->owed;
  t->owed = 0;
  for (size_t i = 0; i < t->count; i++) {
    stream *s = &t->streams[i];
    if (s->owed == 0) continue;
    talk_credit(t, s->id, s->owed);
    s->receive_left += s->owed;
    s->owed = 0;
  }
}

static void talk_ping(talk *t, uint64_t token) {
  size_t before = t->out.length;
  encode_ping(&t->out, false, token);
  talk_count_control(t, before);
}

/* The connection is over, by our judgement: GOAWAY is the last word, and all streams are closed. */
static void talk_fail(talk *t, const fault *why) {
  if (t->failure.detail) return;
  t->failure = *why;
  t->count = 0;
  char said[FAULT_TEXT_BYTES + WORD_BYTES_MAX];
  int length = snprintf(said, sizeof said, "%s: %s", why->detail, why->text);
  encode_goaway(&t->out, 0, why->status, said, length > 0 ? (size_t)length : 0);
}

/* Judges the output: memory that ran out in a frame, or a peer that makes us answer and does not read. */
static bool talk_output_fits(talk *t) {
  fault why = {0};
  if (t->failure.detail) return false;
  if (t->out.result != METE_DONE) fail_memory(&why);
  else if (t->control_bytes > t->own.control_bytes_max)
    fail(&why, METE_STATUS_RESOURCE_EXHAUSTED, "slow_reader", "%zu bytes are unread", t->control_bytes);
  if (why.detail) talk_fail(t, &why);
  return !why.detail;
}

/* ==== 6 conversation: receiving ===================================================================================== */

static bool fail_stream_id(fault *why, uint64_t id) {
  return fail(why, METE_STATUS_INVALID_ARGUMENT, "stream_id", "stream %llu was never opened", (unsigned long long)id);
}

static bool take_hello(talk *t, const frame *f, event *e, fault *why) {
  if (t->greeted) return fail(why, METE_STATUS_FAILED_PRECONDITION, "hello_expected", "a second HELLO");
  if (!f->speaks_our_version)
    return fail(why, METE_STATUS_FAILED_PRECONDITION, "version_unsupported", "the server does not speak version 1");
  /* All windows move to where they would be if they had begun here; what was spent stays spent. */
  t->send_left += (int64_t)f->limits.connection_credit - (int64_t)t->peer.connection_credit;
  for (size_t i = 0; i < t->count; i++)
    t->streams[i].send_left += (int64_t)f->limits.stream_credit - (int64_t)t->peer.stream_credit;
  t->peer = f->limits;
  t->greeted = true;
  e->kind = GREETED;
  return true;
}

static bool take_ping(talk *t, const frame *f, uint64_t now_ms, event *e, fault *why) {
  if (f->ack) {
    e->kind = PONGED;
    return true;
  }
  size_t ring = (size_t)(t->own.pings_max < METE_PINGS_TOP ? t->own.pings_max : METE_PINGS_TOP);
  while (t->pings_count > 0 && now_ms - t->pings[t->pings_first] >= 1000) {
    t->pings_first = (t->pings_first + 1) % ring;
    t->pings_count--;
  }
  if (t->pings_count >= ring) {
    if (++t->strikes <= t->own.ping_strikes_max) return true;
    return fail(why, METE_STATUS_RESOURCE_EXHAUSTED, "ping_flood", "more than %zu within a second", ring);
  }
  t->pings[(t->pings_first + t->pings_count++) % ring] = now_ms;
  size_t before = t->out.length;
  encode_ping(&t->out, true, f->number);
  talk_count_control(t, before);
  return true;
}

static bool take_credit(talk *t, const frame *f, fault *why) {
  if (f->number < 1 || f->number > INT31_MAX_)
    return fail(why, METE_STATUS_OUT_OF_RANGE, "credit_overflow", "CREDIT of %llu", (unsigned long long)f->number);
  if (f->stream > t->last_stream) return fail_stream_id(why, f->stream);
  stream *s = f->stream ? talk_find(t, f->stream) : NULL;
  if (f->stream && (!s || s->ended)) return true;
  int64_t *window = s ? &s->send_left : &t->send_left;
  if (*window + (int64_t)f->number > INT31_MAX_)
    return fail(why, METE_STATUS_OUT_OF_RANGE, "credit_overflow", "a window above 2^31-1");
  *window += (int64_t)f->number;
  return true;
}

static bool take_data(talk *t, const frame *f, size_t size, event *e, fault *why) {
  if (f->stream > t->last_stream) return fail_stream_id(why, f->stream);
  if ((int64_t)size > t->receive_left)
    return fail(why, METE_STATUS_RESOURCE_EXHAUSTED, "connection_credit_overrun", "DATA of %zu bytes", size);
  t->receive_left -= (int64_t)size;
  stream *s = talk_find(t, f->stream);
  if (!s || s->cancelled || s->ended) {
    talk_give_back(t, (int64_t)size);
    return true;
  }
  if ((int64_t)size > s->receive_left)
    return fail(why, METE_STATUS_RESOURCE_EXHAUSTED, "credit_overrun", "DATA of %zu bytes for stream %u", size,
                (unsigned)s->id);
  s->receive_left -= (int64_t)size;
  s->held += (int64_t)size;
  e->kind = MESSAGE;
  e->owner = s->owner;
  e->size = size;
  return true;
}

static bool take_end(talk *t, const frame *f, event *e, fault *why) {
  if (f->stream > t->last_stream) return fail_stream_id(why, f->stream);
  stream *s = talk_find(t, f->stream);
  if (!s || s->ended) return true;
  s->ended = true;
  talk_release(t, s);
  e->kind = ENDED;
  e->owner = s->owner;
  return true;
}

static bool take_bill(talk *t, const frame *f, event *e, fault *why) {
  if (f->stream > t->last_stream) return fail_stream_id(why, f->stream);
  stream *s = talk_find(t, f->stream);
  if (!s) return true;
  if (!s->ended) return fail_malformed(why, "a BILL before its END");
  e->kind = BILLED;
  e->owner = s->owner;
  talk_remove(t, s);
  return true;
}

/* Takes one decoded frame; an event without a kind is nothing to tell. */
static bool take_frame(talk *t, size_t size, uint64_t now_ms, event *e, fault *why) {
  const frame *f = &e->frame;
  bool of_connection = f->kind == HELLO || f->kind == PING || f->kind == GOAWAY || f->kind == CREDIT;
  if (f->stream == 0 && !of_connection)
    return fail(why, METE_STATUS_INVALID_ARGUMENT, "stream_id", "a stream's frame for stream 0");
  if (f->kind == HELLO) return take_hello(t, f, e, why);
  if (!t->greeted) return fail(why, METE_STATUS_FAILED_PRECONDITION, "hello_expected", "the first frame is another");
  switch (f->kind) {
    case PING: return take_ping(t, f, now_ms, e, why);
    case GOAWAY: e->kind = GOING_AWAY; return true;
    case CREDIT: return take_credit(t, f, why);
    case DATA: return take_data(t, f, size, e, why);
    case END: return take_end(t, f, e, why);
    case BILL: return take_bill(t, f, e, why);
    default: return fail(why, METE_STATUS_INVALID_ARGUMENT, "wrong_direction", "kind %u came from the server", f->kind);
  }
}

typedef enum cut { CUT_NONE, CUT_BODY, CUT_WRONG } cut;

static bool length_fits(uint64_t length, const talk *t, fault *why) {
  if (length >= 1 && length <= t->own.frame_bytes_max) return true;
  return fail(why, METE_STATUS_RESOURCE_EXHAUSTED, "frame_too_large", "%llu bytes, allowed are 1 to %llu",
              (unsigned long long)length, (unsigned long long)t->own.frame_bytes_max);
}

static size_t smaller(size_t one, size_t other) { return one < other ? one : other; }

/* Gathers up to `wanted` bytes in all; whether they are there. */
static bool gather(talk *t, mete_reader *in, size_t wanted) {
  size_t more = smaller((size_t)(in->end - in->at), wanted - t->gathered.length);
  append(&t->gathered, in->at, more);
  if (t->gathered.result != METE_DONE) return false;
  in->at += more;
  return t->gathered.length == wanted;
}

/* The next whole body. A frame that lies whole in the input is not copied. */
static cut cut_frame(talk *t, mete_reader *in, mete_reader *body, fault *why) {
  if (t->gathered_is_used) t->gathered.length = 0;
  t->gathered_is_used = false;
  uint64_t length = 0;
  mete_reader peek = *in;
  if (t->gathered.length == 0 && take_number(&peek, 4, &length)) {
    if (!length_fits(length, t, why)) return CUT_WRONG;
    if ((uint64_t)(peek.end - peek.at) >= length) {
      *body = (mete_reader){peek.at, peek.at + length};
      in->at = body->end;
      return CUT_BODY;
    }
  }
  bool whole = t->gathered.length >= 4 || gather(t, in, 4);
  if (whole) {
    mete_reader head = {t->gathered.data, t->gathered.data + 4};
    take_number(&head, 4, &length);
    if (!length_fits(length, t, why)) return CUT_WRONG;
    whole = gather(t, in, 4 + (size_t)length);
  }
  if (t->gathered.result != METE_DONE) {
    fail_memory(why);
    return CUT_WRONG;
  }
  if (!whole) return CUT_NONE;
  *body = (mete_reader){t->gathered.data + 4, t->gathered.data + t->gathered.length};
  t->gathered_is_used = true;
  return CUT_BODY;
}

/* Takes bytes that arrived at `now_ms` up to the first thing to tell. NOTHING: all bytes are taken. */
static event_kind talk_receive(talk *t, mete_reader *in, uint64_t now_ms, event *e) {
  fault why = {0};
  e->kind = NOTHING;
  e->owner = NULL;
  while (e->kind == NOTHING && !t->failure.detail) {
    mete_reader body;
    cut found = cut_frame(t, in, &body, &why);
    if (found == CUT_NONE) break;
    size_t size = found == CUT_BODY ? (size_t)(body.end - body.at) : 0;
    bool good = found == CUT_BODY && decode(body.at, size, &t->own, &e->frame, &why) &&
                take_frame(t, size, now_ms, e, &why);
    if (good && talk_output_fits(t)) continue;
    if (!good) talk_fail(t, &why);
    e->kind = FAILED;
  }
  if (t->failure.detail) in->at = in->end;
  return e->kind;
}

/* ==== 7 connection ================================================================================================== */

typedef enum link_state { IDLE, CONNECTING, GREETING, READY, SHUT } link_state;

/* An end that this side wrote, with room for its words, so that telling a failure needs no memory. */
typedef struct local_end {
  mete_end end;
  char detail[WORD_BYTES_MAX + 1], text[METE_TEXT_BYTES_MAX + 1];
} local_end;

struct mete_client {
  mete_settings settings;
  char *software, *path, *host, *port; /* a path, or a host and a port */
  link_state state;
  talk *talk; /* from dialling to the loss */
  int fd;
  bool writing_failed;
  struct addrinfo *found, *next; /* the host's addresses, and those that are still to be tried */
  uint64_t now, link_due, address_due, dial_at;
  uint32_t failures; /* connections in a row that were of no use */
  bool wanted;       /* mete_connect asks for a connection that no call needs yet */
  uint64_t heard_at, asked_at, settle_at; /* FOREVER: not asked, nothing owed */
  bool going;        /* GOAWAY came */
  uint64_t last_stream;
  local_end farewell, trouble;
  uint64_t tokens, ponged, ping_at;
  uint64_t random;
  mete_call *first, *last;
};

/* Without a stream, with one, and done. */
typedef enum call_state { WAITING, STREAMING, FINISHED } call_state;

struct mete_call {
  mete_client *client; /* NULL once the client is freed */
  mete_call *before, *after;
  call_state state;
  uint32_t stream;
  opening open;
  uint64_t deadline_at, expires_at, retry_at;
  uint32_t tried, attempts_max; /* attempts that failed; attempts in all */
  size_t replay_bytes_max;
  bool keeps;           /* `outgoing` still has everything, for another attempt, and no answer has come */
  mete_writer outgoing; /* messages, each after its length in four bytes; `sent` of them are out */
  size_t sent;
  bool half_closed, half_close_told, cancelled;
  mete_writer inbox; /* messages, each after its length and its credit in four bytes each; `read` of them are taken */
  size_t read;
  bool ended, faulty;
  bool hidden; /* the END may lead to another attempt: the bill decides */
  local_end local;
  mete_end end;
  void *end_storage;
  bool billed, end_told, bill_told;
  mete_bill bill;
  void *bill_storage;
  mete_writer current, scratch; /* the message that was given out last, and what was read from it */
  mete_reader list;             /* models that are still to be given out */
  uint32_t list_count;
  mete_bill asked;
  void *asked_storage;
};

static uint64_t clock_now(const mete_client *c) {
  if (c->settings.clock) return c->settings.clock(c->settings.context);
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (uint64_t)time.tv_sec * 1000 + (uint64_t)time.tv_nsec / 1000000;
}

static uint64_t after(uint64_t now, uint64_t wait) { return wait > FOREVER - now ? FOREVER : now + wait; }

static uint64_t sooner(uint64_t one, uint64_t other) { return one < other ? one : other; }

/* SplitMix64. */
static uint64_t roll(mete_client *c) {
  uint64_t z = c->random += 0x9e3779b97f4a7c15U;
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9U;
  z = (z ^ z >> 27) * 0x94d049bb133111ebU;
  return z ^ z >> 31;
}

/* The wait after so many failures: twice as long each time, and half of it by chance, so that clients do not march in step. */
static uint64_t backoff(mete_client *c, uint32_t failures) {
  uint64_t wait = c->settings.retry_base_ms;
  for (uint32_t i = 1; i < failures && wait < c->settings.retry_max_ms; i++) wait *= 2;
  wait = sooner(wait, c->settings.retry_max_ms);
  return wait - wait / 2 + roll(c) % (wait / 2 + 1);
}

/* As much of UTF-8 as fits into `most` bytes. */
static size_t clip(const char *text, size_t length, size_t most) {
  if (length <= most) return length;
  while (most > 0 && ((unsigned char)text[most] & 0xc0) == 0x80) most--;
  return most;
}

static void say(local_end *to, mete_status status, mete_text detail, mete_text text) {
  detail.length = clip(detail.data, detail.length, WORD_BYTES_MAX);
  text.length = clip(text.data, text.length, METE_TEXT_BYTES_MAX);
  memcpy(to->detail, detail.data, detail.length);
  memcpy(to->text, text.data, text.length);
  to->detail[detail.length] = to->text[text.length] = 0;
  to->end = (mete_end){status, {to->detail, detail.length}, {to->text, text.length}, true, NULL, 0};
}

static mete_text words(const char *text) { return (mete_text){text, strlen(text)}; }

static void link_lost(mete_client *c, mete_status status, const char *detail, const char *text);
static void call_ended(mete_call *call, const frame *f);
static void call_billed(mete_call *call, const raw_bill *bill);
static void call_arrived(mete_call *call, mete_reader message, size_t size);
static void call_lost(mete_call *call, bool was_ready);
static void call_expired(mete_call *call);
static void start_calls(mete_client *c);
static void pump_calls(mete_client *c);

static void lost_by_errno(mete_client *c, const char *what, int number) {
  char reason[128] = "", text[192];
  if (strerror_r(number, reason, sizeof reason) != 0) (void)snprintf(reason, sizeof reason, "error %d", number);
  (void)snprintf(text, sizeof text, "%s: %s", what, reason);
  link_lost(c, METE_STATUS_UNAVAILABLE, "connection_lost", text);
}

static bool set_flags(int fd) {
  int flags = fcntl(fd, F_GETFL), more = fcntl(fd, F_GETFD);
  return flags >= 0 && more >= 0 && fcntl(fd, F_SETFL, flags | O_NONBLOCK) == 0 &&
         fcntl(fd, F_SETFD, more | FD_CLOEXEC) == 0;
}

static void drop_socket(mete_client *c) {
  if (c->fd >= 0) close(c->fd);
  c->fd = -1;
}

/* Begins to connect a socket; 0 or an errno. */
static int reach(mete_client *c, const struct sockaddr *address, socklen_t length) {
  int one = 1;
  c->fd = socket(address->sa_family, SOCK_STREAM, 0);
  if (c->fd < 0) return errno;
  if (!set_flags(c->fd)) return errno;
  if (address->sa_family != AF_UNIX) (void)setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  if (connect(c->fd, address, length) == 0) {
    c->state = GREETING;
    return 0;
  }
  if (errno != EINPROGRESS && errno != EINTR) return errno;
  c->state = CONNECTING;
  return 0;
}

/* Goes to the host's next address; the connection is lost when there is none. */
static void reach_next(mete_client *c, int number) {
  while (c->next) {
    const struct addrinfo *here = c->next;
    uint64_t left = 0;
    for (const struct addrinfo *a = here; a; a = a->ai_next) left++;
    c->next = here->ai_next;
    drop_socket(c);
    c->address_due = after(c->now, (c->link_due > c->now ? c->link_due - c->now : 0) / left);
    number = reach(c, here->ai_addr, here->ai_addrlen);
    if (number == 0) return;
  }
  lost_by_errno(c, "cannot connect", number);
}

static void reach_host(mete_client *c) {
  struct addrinfo wanted = {.ai_socktype = SOCK_STREAM};
  int found = getaddrinfo(c->host, c->port, &wanted, &c->found);
  if (found != 0) {
    char text[192];
    (void)snprintf(text, sizeof text, "cannot connect: %s", gai_strerror(found));
    c->found = NULL;
    link_lost(c, METE_STATUS_UNAVAILABLE, "connection_lost", text);
    return;
  }
  c->next = c->found;
  reach_next(c, EHOSTUNREACH);
}

static void reach_path(mete_client *c) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  memcpy(address.sun_path, c->path, strlen(c->path) + 1);
  int number = reach(c, (const struct sockaddr *)&address, sizeof address);
  if (number != 0) lost_by_errno(c, "cannot connect", number);
}

static void reach_by_owner(mete_client *c) {
  c->fd = c->settings.dial(c->settings.context);
  c->state = GREETING;
  if (c->fd < 0 || !set_flags(c->fd)) link_lost(c, METE_STATUS_UNAVAILABLE, "connection_lost", "cannot connect");
}

static void dial(mete_client *c) {
  c->wanted = c->going = c->writing_failed = false;
  c->heard_at = c->now;
  c->asked_at = c->settle_at = c->address_due = FOREVER;
  c->link_due = after(c->now, c->settings.connect_ms);
  c->ping_at = 0;
  c->state = CONNECTING;
  c->talk = talk_new(&c->settings.limits, c->software);
  if (!c->talk) link_lost(c, METE_STATUS_RESOURCE_EXHAUSTED, "no_memory", "the system gave no memory");
  else if (c->settings.dial) reach_by_owner(c);
  else if (c->path) reach_path(c);
  else reach_host(c);
}

/* Back to a client without a connection. */
static void hang_up(mete_client *c) {
  drop_socket(c);
  talk_free(c->talk);
  c->talk = NULL;
  if (c->found) freeaddrinfo(c->found);
  c->found = c->next = NULL;
  if (c->state != SHUT) c->state = IDLE;
}

/* Whether the server said with GOAWAY that this connection has failed; draining and a plain goodbye are no failures. */
static bool has_verdict(const mete_client *c) {
  return c->going && c->farewell.end.status != METE_STATUS_OK && !mete_text_is(c->farewell.end.detail, "draining");
}

/* The connection is of no use any more. If the server said why before, that is the reason. */
static void link_lost(mete_client *c, mete_status status, const char *detail, const char *text) {
  bool was_ready = c->state == READY;
  if (has_verdict(c)) say(&c->trouble, c->farewell.end.status, c->farewell.end.detail, c->farewell.end.text);
  else say(&c->trouble, status, words(detail), words(text));
  hang_up(c);
  if (c->failures < UINT32_MAX) c->failures++;
  c->dial_at = after(c->now, backoff(c, c->failures));
  for (mete_call *call = c->first; call; call = call->after) call_lost(call, was_ready);
}

static void link_flush(mete_client *c) {
  talk *t = c->talk;
  if (!t || (c->state != GREETING && c->state != READY)) return;
  while (talk_unwritten(t) > 0 && !c->writing_failed && t->out.result == METE_DONE) {
    ssize_t count = send(c->fd, t->out.data + t->written, talk_unwritten(t), MSG_NOSIGNAL);
    if (count > 0) talk_wrote(t, (size_t)count);
    else if (errno == EAGAIN || errno == EWOULDBLOCK) return;
    /* The peer is gone; what it wrote last, perhaps its reason, is still to be read. */
    else if (errno != EINTR) c->writing_failed = true;
  }
  if (c->writing_failed) talk_wrote(t, talk_unwritten(t));
}

/* The conversation has failed by our judgement: our GOAWAY goes out as far as the socket takes it. */
static void link_failed(mete_client *c) {
  fault why = c->talk->failure;
  link_flush(c);
  c->going = false;
  link_lost(c, why.status, why.detail, why.text);
}

static void take_goaway(mete_client *c, const frame *f) {
  const char *colon = f->text.length ? memchr(f->text.data, ':', f->text.length) : NULL;
  mete_text detail = {f->text.length ? f->text.data : "", colon ? (size_t)(colon - f->text.data) : f->text.length};
  mete_text text = {detail.data, f->text.length};
  c->going = true;
  c->last_stream = f->number;
  say(&c->farewell, f->status, detail, text);
}

static void take_event(mete_client *c, const event *e) {
  switch (e->kind) {
    case GREETED: c->state = READY; break;
    case PONGED: c->ponged = e->frame.number; break;
    case GOING_AWAY: take_goaway(c, &e->frame); break;
    case MESSAGE:
      if (e->owner) call_arrived(e->owner, e->frame.message, e->size);
      else talk_consumed(c->talk, (uint32_t)e->frame.stream, e->size);
      break;
    case ENDED:
      if (e->owner) call_ended(e->owner, &e->frame);
      break;
    case BILLED:
      /* A call that was served shows that connecting is worth while again. */
      c->failures = 0;
      if (e->owner) call_billed(e->owner, &e->frame.bill);
      break;
    case NOTHING:
    case FAILED: break;
  }
}

/* Takes bytes from the socket; false if the connection is over. */
static bool link_take(mete_client *c, const uint8_t *bytes, size_t length) {
  mete_reader in = {bytes, bytes + length};
  event e;
  c->heard_at = c->now;
  c->asked_at = FOREVER;
  while (talk_receive(c->talk, &in, c->now, &e) != NOTHING) {
    if (e.kind == FAILED) {
      link_failed(c);
      return false;
    }
    take_event(c, &e);
  }
  return true;
}

static void link_read(mete_client *c) {
  uint8_t bytes[65536];
  for (size_t total = 0; total < METE_READ_BYTES_MAX;) {
    ssize_t count = recv(c->fd, bytes, sizeof bytes, 0);
    if (count > 0) {
      total += (size_t)count;
      if (!link_take(c, bytes, (size_t)count)) return;
    } else if (count == 0) {
      link_lost(c, METE_STATUS_UNAVAILABLE, "connection_lost", "the server closed the connection");
      return;
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      return;
    } else if (errno != EINTR) {
      lost_by_errno(c, "cannot read", errno);
      return;
    }
  }
}

static void link_connect(mete_client *c) {
  struct pollfd ready = {.fd = c->fd, .events = POLLOUT};
  if (poll(&ready, 1, 0) <= 0) {
    if (c->now >= c->address_due && c->next) reach_next(c, ETIMEDOUT);
    return;
  }
  int number = 0;
  socklen_t length = sizeof number;
  if (getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &number, &length) != 0) number = errno;
  if (number == 0) c->state = GREETING;
  else if (c->path) lost_by_errno(c, "cannot connect", number);
  else reach_next(c, number);
}

/* Silence after which to ask: soon if a call waits, else in time for the server's idle limit. */
static uint64_t quiet_ms(const mete_client *c) {
  uint64_t idle = c->talk->peer.idle_ms / 2;
  if (c->talk->count > 0 || c->talk->peer.idle_ms == 0) return c->settings.keepalive_ms;
  return idle < 100 ? 100 : idle;
}

static void link_times(mete_client *c) {
  char text[96];
  if (c->state == CONNECTING || c->state == GREETING) {
    if (c->now < c->link_due) return;
    (void)snprintf(text, sizeof text, "no HELLO within %u ms", (unsigned)c->settings.connect_ms);
    link_lost(c, METE_STATUS_UNAVAILABLE, "connection_lost", text);
  } else if (c->state == READY) {
    if (c->settle_at <= c->now) {
      c->settle_at = FOREVER;
      talk_settle(c->talk);
    }
    if (c->asked_at != FOREVER && after(c->asked_at, c->settings.keepalive_ms) <= c->now) {
      (void)snprintf(text, sizeof text, "no answer to a PING for %u ms", (unsigned)c->settings.keepalive_ms);
      link_lost(c, METE_STATUS_UNAVAILABLE, "connection_lost", text);
    } else if (c->asked_at == FOREVER && after(c->heard_at, quiet_ms(c)) <= c->now) {
      c->asked_at = c->now;
      talk_ping(c->talk, 0);
    }
  }
}

/* When a call wants mete_step at the latest. */
static uint64_t call_due(const mete_client *c, const mete_call *call) {
  if (call->state == FINISHED) return FOREVER;
  if (call->state == STREAMING) return call->expires_at;
  uint64_t due = call->deadline_at;
  if (c->state == IDLE) return sooner(due, call->retry_at > c->dial_at ? call->retry_at : c->dial_at);
  /* Without room on the connection it is a bill that wakes the call, not the clock. */
  if (c->state == READY && (c->going || c->talk->count < c->talk->peer.streams_max)) {
    bool waits_for_the_end = c->going && call->tried + 1 < call->attempts_max;
    if (!waits_for_the_end) due = sooner(due, call->retry_at);
  }
  return due;
}

static uint64_t client_due(const mete_client *c) {
  uint64_t due = FOREVER;
  if (c->state == CONNECTING || c->state == GREETING) due = sooner(c->link_due, c->next ? c->address_due : FOREVER);
  if (c->state == READY) {
    uint64_t quiet = c->asked_at == FOREVER ? after(c->heard_at, quiet_ms(c)) : after(c->asked_at, c->settings.keepalive_ms);
    due = sooner(c->settle_at, quiet);
  }
  if (c->wanted && c->state == IDLE) due = 0;
  for (const mete_call *call = c->first; call; call = call->after) due = sooner(due, call_due(c, call));
  return due;
}

void mete_step(mete_client *c) {
  c->now = clock_now(c);
  if (c->state == CONNECTING) link_connect(c);
  link_flush(c);
  if (c->state == GREETING || c->state == READY) link_read(c);
  link_times(c);
  for (mete_call *call = c->first; call; call = call->after) call_expired(call);
  /* A connection that takes no more calls is done with when its last call is. */
  if (c->state == READY && c->going && c->talk->count == 0) {
    hang_up(c);
    c->dial_at = c->now;
  }
  start_calls(c);
  pump_calls(c);
  if (c->talk && !talk_output_fits(c->talk)) link_failed(c);
  link_flush(c);
}

int mete_fd(const mete_client *client) { return client->fd; }

short mete_wants(const mete_client *c) {
  if (c->fd < 0) return 0;
  if (c->state == CONNECTING) return POLLOUT;
  return talk_unwritten(c->talk) > 0 ? POLLIN | POLLOUT : POLLIN;
}

int mete_timeout(const mete_client *c) {
  uint64_t due = client_due(c), now = clock_now(c);
  if (due == FOREVER) return -1;
  if (due <= now) return 0;
  return due - now > INT_MAX ? INT_MAX : (int)(due - now);
}

void mete_wait(mete_client *c, int64_t timeout_ms) {
  int wait = mete_timeout(c);
  if (timeout_ms >= 0 && (wait < 0 || timeout_ms < wait)) wait = timeout_ms > INT_MAX ? INT_MAX : (int)timeout_ms;
  struct pollfd ready = {.fd = c->fd, .events = mete_wants(c)};
  /* Interrupted or not, stepping is harmless. */
  (void)poll(&ready, c->fd >= 0 ? 1 : 0, wait);
  mete_step(c);
}

/* The end of a wait that begins now. */
static uint64_t wait_until(const mete_client *c, int64_t timeout_ms) {
  return timeout_ms < 0 ? FOREVER : after(clock_now(c), (uint64_t)timeout_ms);
}

/* Waits once, but not past `until`; false if that has come. */
static bool wait_once(mete_client *c, uint64_t until) {
  uint64_t now = clock_now(c);
  if (now >= until) return false;
  mete_wait(c, until == FOREVER ? -1 : until - now > INT_MAX ? INT_MAX : (int64_t)(until - now));
  return true;
}

static char *copy_text(const char *text, size_t length) {
  char *copy = allocate(length + 1);
  if (copy) memcpy(copy, text, length);
  return copy;
}

/* Reads HOST:PORT or [HOST]:PORT. */
static mete_result parse_host(mete_client *c, const char *rest) {
  const char *colon = strrchr(rest, ':');
  if (!colon || colon == rest) return METE_WRONG;
  size_t digits = strlen(colon + 1);
  if (digits < 1 || digits > 5 || strspn(colon + 1, "0123456789") != digits) return METE_WRONG;
  long port = strtol(colon + 1, NULL, 10);
  if (port < 1 || port > 65535) return METE_WRONG;
  const char *end = colon;
  if (*rest == '[') {
    if (colon[-1] != ']' || colon - rest < 3) return METE_WRONG;
    rest++;
    end--;
  } else if (memchr(rest, ':', (size_t)(end - rest))) {
    return METE_WRONG;
  }
  c->host = copy_text(rest, (size_t)(end - rest));
  c->port = copy_text(colon + 1, digits);
  return c->host && c->port ? METE_DONE : METE_NO_MEMORY;
}

static mete_result parse_address(mete_client *c, const char *address) {
  if (strncmp(address, "tcp:", 4) == 0) return parse_host(c, address + 4);
  size_t length = strlen(address);
  struct sockaddr_un room;
  if (strncmp(address, "unix:", 5) != 0 || length < 6 || length - 5 >= sizeof room.sun_path) return METE_WRONG;
  c->path = copy_text(address + 5, length - 5);
  return c->path ? METE_DONE : METE_NO_MEMORY;
}

static void or_default(uint32_t *value, uint32_t standard) {
  if (*value == 0) *value = standard;
}

/* Fills in what the settings leave open; false for limits that a HELLO may not say. */
static bool complete_settings(mete_settings *settings) {
  or_default(&settings->connect_ms, METE_CONNECT_MS);
  or_default(&settings->keepalive_ms, METE_KEEPALIVE_MS);
  or_default(&settings->grace_ms, METE_GRACE_MS);
  or_default(&settings->attempts_max, METE_ATTEMPTS_MAX);
  or_default(&settings->retry_base_ms, METE_RETRY_BASE_MS);
  or_default(&settings->retry_max_ms, METE_RETRY_MAX_MS);
  for (size_t i = 0; i < LIMIT_ROWS; i++) {
    const limit_row *row = &limit_rows[i];
    uint64_t value = limit_of(&settings->limits, row);
    if (value == 0) set_limit(&settings->limits, row, value = row->standard);
    if (value < row->least || value > limit_top(row)) return false;
  }
  return settings->limits.depth_max <= METE_DEPTH_TOP && settings->limits.pings_max <= METE_PINGS_TOP;
}

static mete_result prepare(mete_client *c, const char *address, const mete_settings *settings) {
  if (settings) c->settings = *settings;
  const char *software = c->settings.software ? c->settings.software : "mete-c 0.1.0";
  if (!complete_settings(&c->settings) || strlen(software) > METE_TEXT_BYTES_MAX ||
      !is_utf8((const uint8_t *)software, strlen(software)))
    return METE_WRONG;
  c->software = copy_text(software, strlen(software));
  c->settings.software = NULL;
  c->fd = -1;
  c->now = clock_now(c);
  c->dial_at = c->now;
  c->asked_at = c->settle_at = FOREVER;
  c->random = c->settings.seed;
  if (c->random == 0) c->random = c->now ^ (uint64_t)(uintptr_t)c ^ (uint64_t)getpid() << 32;
  say(&c->trouble, METE_STATUS_OK, words("ok"), words(""));
  return c->software ? parse_address(c, address) : METE_NO_MEMORY;
}

mete_result mete_client_new(const char *address, const mete_settings *settings, mete_client **client) {
  *client = NULL;
  mete_client *c = allocate(sizeof *c);
  if (!c) return METE_NO_MEMORY;
  c->fd = -1;
  mete_result result = prepare(c, address, settings);
  if (result == METE_DONE) *client = c;
  else mete_client_free(c);
  return result;
}

mete_result mete_connect(mete_client *c, int64_t timeout_ms) {
  uint64_t until = wait_until(c, timeout_ms);
  if (c->state == IDLE) c->wanted = true;
  while (c->state == IDLE ? c->wanted : c->state != READY && c->state != SHUT) {
    if (!wait_once(c, until)) return METE_BLOCKED;
  }
  return c->state == READY ? METE_DONE : METE_LOST;
}

const mete_end *mete_trouble(const mete_client *client) { return &client->trouble.end; }

const mete_limits *mete_server_limits(const mete_client *c) {
  /* Without a conversation the settings' limits would be ours, not the server's. */
  static const mete_limits standard = {1048576, 100, 65536, 1048576, 8192, 64, 8, 65536, 10, 2, 1000, 300000, 1048576};
  return c->talk ? &c->talk->peer : &standard;
}

mete_result mete_ping(mete_client *c, int64_t timeout_ms, uint64_t *answer_ms) {
  uint64_t until = wait_until(c, timeout_ms);
  if (c->state != READY) return METE_LOST;
  /* Too many would end the connection with all its calls. They may arrive closer together than they left, so the
   * server's number for one second is spread over two. */
  uint64_t pings_max = c->talk->peer.pings_max;
  if (pings_max == 0) return METE_TIMED_OUT;
  while (c->state == READY && clock_now(c) < c->ping_at) {
    if (!wait_once(c, sooner(until, c->ping_at)) && clock_now(c) >= until) return METE_TIMED_OUT;
  }
  if (c->state != READY) return METE_LOST;
  uint64_t token = ++c->tokens, begin = clock_now(c);
  c->ping_at = after(begin, 2000 / pings_max + 1);
  talk_ping(c->talk, token);
  link_flush(c);
  while (c->state == READY && c->ponged != token) {
    if (!wait_once(c, until)) return METE_TIMED_OUT;
  }
  *answer_ms = clock_now(c) - begin;
  return c->ponged == token ? METE_DONE : METE_LOST;
}

static bool anything_runs(const mete_client *c) {
  for (const mete_call *call = c->first; call; call = call->after) {
    if (call->state != FINISHED) return true;
  }
  return false;
}

mete_result mete_client_close(mete_client *c, int64_t timeout_ms) {
  uint64_t until = wait_until(c, timeout_ms);
  for (mete_call *call = c->first; call; call = call->after) mete_cancel(call);
  while (anything_runs(c) && wait_once(c, until)) continue;
  mete_result result = anything_runs(c) ? METE_BLOCKED : METE_DONE;
  if (c->state == READY) {
    static const char goodbye[] = "the client was closed";
    encode_goaway(&c->talk->out, 0, METE_STATUS_OK, goodbye, sizeof goodbye - 1);
    link_flush(c);
  }
  c->state = SHUT;
  c->going = false;
  link_lost(c, METE_STATUS_CANCELLED, "client_closed", "the client was closed");
  return result;
}

void mete_client_free(mete_client *c) {
  if (!c) return;
  if (c->state != SHUT && c->software) {
    c->state = SHUT;
    c->going = false;
    link_lost(c, METE_STATUS_CANCELLED, "client_closed", "the client was freed");
  }
  for (mete_call *call = c->first, *next; call; call = next) {
    next = call->after;
    call->client = NULL;
    call->before = call->after = NULL;
  }
  free(c->software);
  free(c->path);
  free(c->host);
  free(c->port);
  free(c);
}

/* ==== 8 calls ======================================================================================================= */

static void free_end(mete_call *call) {
  free(call->end_storage);
  call->end_storage = NULL;
}

static void call_finish(mete_call *call) {
  call->state = FINISHED;
  call->hidden = false;
  mete_writer_free(&call->outgoing);
}

/* Ends a call by this side's judgement, unless the server's END came first. */
static void call_fail(mete_call *call, mete_status status, mete_text detail, mete_text text) {
  if (!call->ended) {
    if (!call->faulty) say(&call->local, status, detail, text);
    call->end = call->local.end;
    call->ended = true;
  }
  call_finish(call);
}

/* Notes why this side cannot go on with a call; the caller hears it when the bill is there. */
static void call_blame(mete_call *call, mete_status status, const char *detail, const char *text) {
  if (call->faulty || call->state == FINISHED) return;
  say(&call->local, status, words(detail), words(text));
  call->faulty = true;
  if (call->ended && !call->hidden) {
    free_end(call);
    call->end = call->local.end;
  }
}

static bool may_try_again(const mete_call *call) {
  return call->tried + 1 < call->attempts_max && call->keeps && !call->cancelled && !call->faulty;
}

/* Back to waiting, with everything still to be sent. */
static void try_again(mete_call *call) {
  mete_client *c = call->client;
  call->tried++;
  call->state = WAITING;
  call->stream = 0;
  call->sent = 0;
  call->half_close_told = call->ended = call->hidden = false;
  call->expires_at = FOREVER;
  call->retry_at = after(c->now, backoff(c, call->tried));
  free_end(call);
}

/* A call's share in the loss of a connection, of which client->trouble says why. */
static void call_lost(mete_call *call, bool was_ready) {
  mete_client *c = call->client;
  const mete_end *why = &c->trouble.end;
  if (call->state == FINISHED) return;
  if (call->state == STREAMING) {
    bool never_taken = c->going && call->stream > c->last_stream && (!call->ended || call->hidden);
    if (never_taken && may_try_again(call)) try_again(call);
    else call_fail(call, why->status, why->detail, why->text);
    return;
  }
  /* It waited: for this connection, or for a later time. */
  if (c->state != SHUT && call->retry_at > c->now) return;
  bool costs_an_attempt = !was_ready || call->attempts_max > 1;
  if (c->state == SHUT || (costs_an_attempt && call->tried + 1 >= call->attempts_max))
    call_fail(call, why->status, why->detail, why->text);
  else if (costs_an_attempt) call->tried++;
}

static void call_arrived(mete_call *call, mete_reader message, size_t size) {
  size_t length = (size_t)(message.end - message.at);
  uint8_t head[8];
  /* An answer came: there is no other attempt. */
  call->keeps = false;
  /* What was taken makes room; the rest is bounded by the stream's window. */
  if (call->read == call->inbox.length) call->read = call->inbox.length = 0;
  if (call->read > METE_UNSENT_BYTES_MAX) {
    memmove(call->inbox.data, call->inbox.data + call->read, call->inbox.length - call->read);
    call->inbox.length -= call->read;
    call->read = 0;
  }
  store_big_endian(head, length, 4);
  store_big_endian(head + 4, size, 4);
  if (!reserve(&call->inbox, sizeof head + length)) {
    call->inbox.result = METE_DONE;
    call_blame(call, METE_STATUS_RESOURCE_EXHAUSTED, "no_memory", "no memory for a message");
    mete_cancel(call);
    return;
  }
  append(&call->inbox, head, sizeof head);
  append(&call->inbox, message.at, length);
}

static bool is_retryable(const mete_end *end) {
  return end->status != METE_STATUS_OK && (mete_text_is(end->detail, "queue_full") ||
                                           mete_text_is(end->detail, "streams_max") || mete_text_is(end->detail, "draining"));
}

static void call_ended(mete_call *call, const frame *f) {
  mete_client *c = call->client;
  call->expires_at = after(c->now, c->settings.grace_ms);
  call->ended = true;
  if (!call->faulty && !keep_end(f, &call->end, &call->end_storage))
    call_blame(call, METE_STATUS_RESOURCE_EXHAUSTED, "no_memory", "no memory for the END");
  if (call->faulty) call->end = call->local.end;
  call->hidden = !call->faulty && is_retryable(&call->end) && may_try_again(call);
}

static bool is_free_of_work(const mete_bill *bill) {
  const mete_macs *macs = &bill->macs;
  return bill->macs_total == 0 && macs->attention == 0 && macs->experts == 0 && macs->routers == 0 && macs->exits == 0 &&
         macs->head == 0 && macs->adapter == 0 && macs->embedding == 0;
}

static void call_billed(mete_call *call, const raw_bill *bill) {
  if (call->hidden && is_free_of_work(&bill->bill)) {
    try_again(call);
    return;
  }
  call->billed = keep_bill(bill, &call->bill, &call->bill_storage);
  call_finish(call);
}

/* Gives up on a server that owes something for too long, and on a deadline that came before the call could go out. */
static void call_expired(mete_call *call) {
  mete_client *c = call->client;
  if (call->state == WAITING && call->deadline_at <= c->now) {
    call_fail(call, METE_STATUS_DEADLINE_EXCEEDED, words("deadline"), words("the deadline passed before the call was sent"));
  } else if (call->state == STREAMING && call->expires_at <= c->now) {
    talk_cancel(c->talk, call->stream);
    stream *left = talk_find(c->talk, call->stream);
    if (left) left->owner = NULL;
    if (call->cancelled) call_fail(call, METE_STATUS_CANCELLED, words("cancelled"), words("and the server sent no END"));
    else call_fail(call, METE_STATUS_DEADLINE_EXCEEDED, words("deadline"), words("and the server sent no END"));
  }
}

static void start_call(mete_call *call) {
  mete_client *c = call->client;
  uint64_t left = call->deadline_at - c->now;
  mete_result result =
      talk_open(c->talk, &call->open, call->deadline_at == FOREVER ? NULL : &left, call, &call->stream);
  if (result == METE_DONE) {
    call->state = STREAMING;
    call->expires_at = after(call->deadline_at, c->settings.grace_ms);
  } else if (result == METE_TOO_LARGE) {
    call_fail(call, METE_STATUS_RESOURCE_EXHAUSTED, words("message_too_large"), words("the call is over the server's frames"));
  } else {
    call_fail(call, METE_STATUS_RESOURCE_EXHAUSTED, words("no_memory"), words("no memory for the call"));
  }
}

/* Sends the OPENs that are due, as far as the server takes streams, and dials if a call needs it. */
static void start_calls(mete_client *c) {
  bool needs_link = c->wanted;
  for (mete_call *call = c->first; call; call = call->after) {
    call_expired(call);
    if (call->state != WAITING || call->retry_at > c->now) continue;
    if (c->state == IDLE) {
      needs_link = needs_link || c->dial_at <= c->now;
    } else if (c->state == READY && c->going) {
      const local_end *why = &c->farewell;
      if (call->tried + 1 >= call->attempts_max)
        call_fail(call, has_verdict(c) ? why->end.status : METE_STATUS_UNAVAILABLE,
                  has_verdict(c) ? why->end.detail : words("draining"), why->end.text);
    } else if (c->state == READY && c->talk->count < c->talk->peer.streams_max) {
      start_call(call);
    }
  }
  if (c->state == IDLE && needs_link) dial(c);
}

/* Forgets messages that are out and not needed for another attempt. */
static void forget_sent(mete_call *call) {
  if (call->keeps || call->sent == 0) return;
  memmove(call->outgoing.data, call->outgoing.data + call->sent, call->outgoing.length - call->sent);
  call->outgoing.length -= call->sent;
  call->sent = 0;
}

/* Sends messages until they, the credit or the room in the output is used up, and then the HALF_CLOSE. */
static void pump(mete_call *call) {
  mete_client *c = call->client;
  if (call->state != STREAMING || call->cancelled || call->ended) return;
  while (call->sent < call->outgoing.length && talk_unwritten(c->talk) < METE_OUTPUT_BYTES_MAX) {
    mete_reader head = {call->outgoing.data + call->sent, call->outgoing.data + call->outgoing.length};
    uint64_t length = 0;
    take_number(&head, 4, &length);
    if (data_size(call->stream, (size_t)length) > talk_data_max(c->talk)) {
      call_blame(call, METE_STATUS_INVALID_ARGUMENT, "message_too_large", "a message is over half the server's windows");
      mete_cancel(call);
      return;
    }
    if (!talk_send(c->talk, call->stream, head.at, (size_t)length)) break;
    call->sent += 4 + (size_t)length;
  }
  bool all = call->sent == call->outgoing.length;
  if (all || call->sent > METE_UNSENT_BYTES_MAX) forget_sent(call);
  if (all && call->half_closed && !call->half_close_told) {
    call->half_close_told = true;
    talk_half_close(c->talk, call->stream);
  }
}

static void pump_calls(mete_client *c) {
  if (c->state != READY) return;
  for (mete_call *call = c->first; call; call = call->after) pump(call);
}

/* Sends what a function of the application has made ready. */
static void push(mete_call *call) {
  mete_client *c = call->client;
  c->now = clock_now(c);
  if (c->state != READY) return;
  if (call->state == WAITING) {
    /* What the server said meanwhile comes first: the connection may be gone, or going. */
    mete_step(c);
  } else {
    pump(call);
    link_flush(c);
  }
}

static uint32_t count_present(const bool *present, size_t count) {
  uint32_t sum = 0;
  for (size_t i = 0; i < count; i++) sum += present[i];
  return sum;
}

static void put_budget(mete_writer *to, const char *key, const uint64_t *value) {
  if (!value) return;
  mete_put_text(to, key);
  mete_put_uint(to, *value);
}

static mete_result prepare_metadata(mete_writer *to, const mete_options *options) {
  if (options->metadata_count > UINT16_MAX) return METE_TOO_LARGE;
  if (options->metadata_count) mete_put_map(to, (uint32_t)options->metadata_count);
  for (size_t i = 0; i < options->metadata_count; i++) {
    const mete_metadata *entry = &options->metadata[i];
    if (!is_metadata_key(entry->key)) return METE_WRONG;
    for (size_t k = 0; k < i; k++) {
      if (compare_texts(&options->metadata[k].key, &entry->key) == 0) return METE_WRONG;
    }
    mete_put_str(to, entry->key.data, entry->key.length);
    if (entry->binary) mete_put_bin(to, entry->value.data, entry->value.length);
    else mete_put_str(to, entry->value.data, entry->value.length);
  }
  return to->result;
}

/* Encodes an OPEN, so that each attempt can send it again. */
static mete_result prepare_opening(opening *open, const char *method, const mete_options *options, const uint8_t *params,
                                   size_t params_length) {
  if (strlen(method) > METE_METHOD_BYTES_MAX) return METE_WRONG;
  mete_put_text(&open->method, method);
  if (options->call) {
    mete_put_text(&open->call, "call");
    mete_put_bin(&open->call, options->call, 16);
  }
  if (options->model) {
    mete_put_text(&open->rest, "model");
    mete_put_text(&open->rest, options->model);
  }
  if (options->effort) {
    mete_put_text(&open->rest, "effort");
    mete_put_float(&open->rest, *options->effort);
  }
  if (options->effort_min) {
    mete_put_text(&open->rest, "effort_min");
    mete_put_float(&open->rest, *options->effort_min);
  }
  put_budget(&open->rest, "macs_max", options->macs_max);
  put_budget(&open->rest, "cost_max", options->cost_max);
  if (params) {
    const char *reason;
    mete_reader reader = {params, params + params_length};
    mete_value map;
    /* The frame's array and the options are two containers around it. */
    finding found = scan_whole(params, params_length, 8 - 2, 65536 - 32, &reason);
    if (found == NO_MEMORY) return METE_NO_MEMORY;
    if (found == MALFORMED || !mete_read(&reader, &map) || map.kind != METE_MAP) return METE_WRONG;
    mete_put_text(&open->rest, "params");
    append(&open->rest, params, params_length);
  }
  const bool present[] = {options->call != NULL,       options->model != NULL,    options->effort != NULL,
                          options->effort_min != NULL, options->macs_max != NULL, options->cost_max != NULL,
                          params != NULL};
  open->options = count_present(present, sizeof present);
  mete_result result = prepare_metadata(&open->metadata, options);
  if (result == METE_DONE) result = open->method.result;
  if (result == METE_DONE) result = open->call.result;
  return result == METE_DONE ? open->rest.result : result;
}

static void link_call(mete_call *call, mete_client *c) {
  call->client = c;
  call->before = c->last;
  if (c->last) c->last->after = call;
  else c->first = call;
  c->last = call;
}

static mete_result call_new(mete_client *c, const char *method, const mete_options *given, const uint8_t *params,
                            size_t params_length, uint32_t attempts, mete_call **made) {
  static const mete_options none = {0};
  const mete_options *options = given ? given : &none;
  *made = NULL;
  if (c->state == SHUT) return METE_LOST;
  mete_call *call = allocate(sizeof *call);
  if (!call) return METE_NO_MEMORY;
  mete_result result = prepare_opening(&call->open, method, options, params, params_length);
  if (result != METE_DONE) {
    mete_call_free(call);
    return result;
  }
  c->now = clock_now(c);
  call->attempts_max = options->attempts_max ? options->attempts_max : attempts;
  call->replay_bytes_max = options->replay_bytes_max ? options->replay_bytes_max : METE_REPLAY_BYTES_MAX;
  call->keeps = call->attempts_max > 1;
  call->deadline_at = options->deadline_ms ? after(c->now, options->deadline_ms) : FOREVER;
  call->expires_at = FOREVER;
  call->retry_at = c->now;
  link_call(call, c);
  *made = call;
  return METE_DONE;
}

mete_result mete_call_open(mete_client *c, const char *method, const mete_options *options, const uint8_t *params,
                           size_t params_length, mete_call **call) {
  mete_result result = call_new(c, method, options, params, params_length, 1, call);
  if (result == METE_DONE) push(*call);
  return result;
}

static void unlink_call(mete_call *call) {
  mete_client *c = call->client;
  if (!c) return;
  if (call->before) call->before->after = call->after;
  else c->first = call->after;
  if (call->after) call->after->before = call->before;
  else c->last = call->before;
}

void mete_call_free(mete_call *call) {
  if (!call) return;
  mete_cancel(call);
  stream *left = call->client && call->client->talk ? talk_find(call->client->talk, call->stream) : NULL;
  if (left && left->owner == call) left->owner = NULL;
  unlink_call(call);
  mete_writer *writers[] = {&call->open.method, &call->open.call, &call->open.rest, &call->open.metadata,
                            &call->outgoing,    &call->inbox,     &call->current,   &call->scratch};
  for (size_t i = 0; i < sizeof writers / sizeof *writers; i++) mete_writer_free(writers[i]);
  free_end(call);
  free(call->bill_storage);
  free(call->asked_storage);
  free(call);
}

/* Puts a message behind those that wait. On failure the call is as it was. */
static mete_result enqueue(mete_call *call, const mete_writer *message) {
  uint8_t head[4];
  if (message->length > INT31_MAX_) return METE_TOO_LARGE;
  store_big_endian(head, message->length, 4);
  if (!reserve(&call->outgoing, sizeof head + message->length)) {
    call->outgoing.result = METE_DONE;
    return METE_NO_MEMORY;
  }
  append(&call->outgoing, head, sizeof head);
  append(&call->outgoing, message->data, message->length);
  return METE_DONE;
}

static bool takes_messages(const mete_call *call) {
  return call->state != FINISHED && !call->half_closed && !call->cancelled && !call->faulty && (!call->ended || call->hidden);
}

static bool can_never_go(const mete_call *call, const mete_writer *message) {
  const mete_client *c = call->client;
  return c->state == READY && data_size(INT31_MAX_, message->length) > talk_data_max(c->talk);
}

/* Sends a message that is encoded in `message`, and frees it. */
static mete_result send_message(mete_call *call, mete_writer *message, int64_t timeout_ms) {
  mete_result result = message->result;
  uint64_t until = call->client ? wait_until(call->client, timeout_ms) : 0;
  while (result == METE_DONE) {
    size_t waiting = call->outgoing.length - call->sent;
    if (!takes_messages(call)) {
      result = METE_OVER;
    } else if (can_never_go(call, message)) {
      result = METE_TOO_LARGE;
    } else if (waiting == 0 || waiting + 4 + message->length <= METE_UNSENT_BYTES_MAX) {
      result = enqueue(call, message);
      if (call->keeps && call->outgoing.length > call->replay_bytes_max) call->keeps = false;
      if (result == METE_DONE) push(call);
      break;
    } else if (call->read < call->inbox.length || !wait_once(call->client, until)) {
      result = METE_BLOCKED;
    }
  }
  mete_writer_free(message);
  return result;
}

mete_result mete_send_text(mete_call *call, const char *text, size_t length, int64_t timeout_ms) {
  mete_writer message = {0};
  mete_put_str(&message, text, length);
  return send_message(call, &message, timeout_ms);
}

mete_result mete_send_bytes(mete_call *call, const void *data, size_t length, int64_t timeout_ms) {
  mete_writer message = {0};
  mete_put_bin(&message, data, length);
  return send_message(call, &message, timeout_ms);
}

static void put_tokens(mete_writer *to, const uint32_t *tokens, size_t count) {
  if (count > UINT32_MAX) to->result = METE_WRONG;
  else mete_put_array(to, (uint32_t)count);
  for (size_t i = 0; i < count && to->result == METE_DONE; i++) mete_put_uint(to, tokens[i]);
}

mete_result mete_send_tokens(mete_call *call, const uint32_t *tokens, size_t count, int64_t timeout_ms) {
  mete_writer message = {0};
  put_tokens(&message, tokens, count);
  return send_message(call, &message, timeout_ms);
}

mete_result mete_send_value(mete_call *call, const uint8_t *value, size_t length, int64_t timeout_ms) {
  const char *reason;
  mete_writer message = {0};
  /* The frame's array is one container around it, and four items with it. */
  finding found = scan_whole(value, length, 8 - 1, 65536 - 4, &reason);
  if (found != FINE) return found == NO_MEMORY ? METE_NO_MEMORY : METE_WRONG;
  append(&message, value, length);
  return send_message(call, &message, timeout_ms);
}

void mete_half_close(mete_call *call) {
  if (call->state == FINISHED || call->half_closed) return;
  call->half_closed = true;
  push(call);
}

void mete_cancel(mete_call *call) {
  mete_client *c = call->client;
  call->read = call->inbox.length = 0;
  if (call->state == FINISHED || !c) return;
  c->now = clock_now(c);
  call->hidden = false;
  if (call->state == WAITING) {
    call_fail(call, METE_STATUS_CANCELLED, words("cancelled"), words("cancelled before the call was sent"));
  } else if (!call->cancelled && !call->ended) {
    call->cancelled = true;
    call->expires_at = after(c->now, c->settings.grace_ms);
    mete_writer_free(&call->outgoing);
    call->sent = 0;
    talk_cancel(c->talk, call->stream);
    link_flush(c);
  }
}

/* Hands over the next message that has come, and gives its credit back. */
static mete_result take_message(mete_call *call, mete_item *item) {
  mete_client *c = call->client;
  mete_reader head = {call->inbox.data + call->read, call->inbox.data + call->inbox.length};
  uint64_t length = 0, size = 0;
  take_number(&head, 4, &length);
  take_number(&head, 4, &size);
  call->current.length = 0;
  append(&call->current, head.at, (size_t)length);
  if (call->current.result != METE_DONE) {
    call->current.result = METE_DONE;
    return METE_NO_MEMORY;
  }
  call->read += 8 + (size_t)length;
  if (call->state == STREAMING && c->talk) {
    talk_consumed(c->talk, call->stream, (size_t)size);
    if (c->settle_at == FOREVER && talk_owes(c->talk)) c->settle_at = after(clock_now(c), METE_SETTLE_MS);
    link_flush(c);
  }
  *item = (mete_item){METE_MESSAGE, call->current.data, (size_t)length, NULL, NULL};
  return METE_DONE;
}

mete_result mete_next(mete_call *call, int64_t timeout_ms, mete_item *item) {
  uint64_t until = call->client ? wait_until(call->client, timeout_ms) : 0;
  for (;;) {
    if (call->read < call->inbox.length) return take_message(call, item);
    const mete_end *end = mete_call_end(call);
    if (end && !call->end_told) {
      call->end_told = true;
      *item = (mete_item){METE_END, NULL, 0, end, NULL};
      return METE_DONE;
    }
    if (call->state == FINISHED && call->billed && !call->bill_told) {
      call->bill_told = true;
      *item = (mete_item){METE_BILL, NULL, 0, NULL, &call->bill};
      return METE_DONE;
    }
    if (call->state == FINISHED) return METE_OVER;
    if (!wait_once(call->client, until)) return METE_BLOCKED;
  }
}

mete_result mete_finish(mete_call *call, int64_t timeout_ms) {
  uint64_t until = call->client ? wait_until(call->client, timeout_ms) : 0;
  mete_item item;
  for (;;) {
    mete_result result = mete_next(call, 0, &item);
    if (result == METE_OVER) return METE_DONE;
    if (result == METE_BLOCKED && !wait_once(call->client, until)) return METE_BLOCKED;
    if (result != METE_DONE && result != METE_BLOCKED) return result;
  }
}

const mete_end *mete_call_end(const mete_call *call) { return call->ended && !call->hidden ? &call->end : NULL; }

const mete_bill *mete_call_bill(const mete_call *call) {
  return call->state == FINISHED && call->billed ? &call->bill : NULL;
}

bool mete_call_over(const mete_call *call) { return call->state == FINISHED; }

uint32_t mete_call_attempts(const mete_call *call) { return call->tried + 1; }

/* ==== 9 the methods ================================================================================================= */

mete_piece mete_piece_text(const char *text) { return (mete_piece){METE_PIECE_TEXT, text, strlen(text)}; }

/* One message with a part of a piece; returns where the next part begins. */
static size_t put_part(mete_writer *to, const mete_piece *piece, size_t from, bool whole) {
  size_t left = piece->count - from, step = left;
  const char *bytes = piece->data;
  switch (piece->kind) {
    case METE_PIECE_TEXT:
      if (!whole && left > TEXT_STEP) step = clip(bytes + from, left, TEXT_STEP);
      if (step == 0) step = left; /* not UTF-8, which put_str refuses */
      mete_put_str(to, bytes ? bytes + from : "", step);
      break;
    case METE_PIECE_BYTES:
      if (!whole) step = smaller(left, BYTES_STEP);
      mete_put_bin(to, bytes ? bytes + from : "", step);
      break;
    case METE_PIECE_TOKENS:
      if (!whole) step = smaller(left, TOKENS_STEP);
      put_tokens(to, piece->data ? (const uint32_t *)piece->data + from : NULL, step);
      break;
    default: to->result = METE_WRONG; return piece->count;
  }
  return from + step;
}

/* Puts a piece into the call's messages: cut into frames of moderate size, or whole. An empty piece is an empty message. */
static mete_result enqueue_piece(mete_call *call, const mete_piece *piece, bool whole) {
  size_t from = 0;
  mete_result result;
  do {
    mete_writer message = {0};
    from = put_part(&message, piece, from, whole);
    result = message.result == METE_DONE ? enqueue(call, &message) : message.result;
    mete_writer_free(&message);
  } while (result == METE_DONE && from < piece->count);
  return result;
}

/* Begins a typed call. `params` is freed. With pieces (or `closed`) the whole input is on its way. */
static mete_result begin(mete_client *c, const char *method, const mete_options *options, mete_writer *params,
                         const mete_piece *pieces, size_t count, bool whole, bool closed, mete_call **call) {
  *call = NULL;
  mete_result result = params->result;
  if (result == METE_DONE)
    result = call_new(c, method, options, params->length ? params->data : NULL, params->length, c->settings.attempts_max, call);
  mete_writer_free(params);
  for (size_t i = 0; i < count && pieces && result == METE_DONE; i++) result = enqueue_piece(*call, &pieces[i], whole);
  if (result != METE_DONE) {
    mete_call_free(*call);
    *call = NULL;
    return result;
  }
  (*call)->half_closed = closed || pieces != NULL;
  push(*call);
  return METE_DONE;
}

/* Cancels a call whose answers cannot be read. */
static mete_result bad_reply(mete_call *call, const char *text) {
  call_blame(call, METE_STATUS_INTERNAL, "bad_reply", text);
  if (call->state == FINISHED && call->ended) {
    say(&call->local, METE_STATUS_INTERNAL, words("bad_reply"), words(text));
    free_end(call);
    call->end = call->local.end;
  }
  mete_cancel(call);
  return METE_BAD_REPLY;
}

/* The next message of a call; END and bill are passed over. */
static mete_result next_message(mete_call *call, int64_t timeout_ms, mete_reader *message) {
  uint64_t until = call->client ? wait_until(call->client, timeout_ms) : 0;
  mete_item item;
  call->scratch.length = 0;
  for (;;) {
    mete_result result = mete_next(call, 0, &item);
    if (result == METE_DONE && item.kind == METE_MESSAGE) {
      *message = (mete_reader){item.message, item.message + item.length};
      return METE_DONE;
    }
    if (result == METE_BLOCKED && !wait_once(call->client, until)) return METE_BLOCKED;
    if (result != METE_DONE && result != METE_BLOCKED) return result;
  }
}

static bool read_count(mete_reader *reader, mete_kind kind, uint32_t *count) {
  mete_value value;
  if (!mete_read(reader, &value) || value.kind != kind) return false;
  *count = value.count;
  return true;
}

static bool read_array(mete_reader *reader, uint32_t wanted) {
  uint32_t count;
  return read_count(reader, METE_ARRAY, &count) && count == wanted;
}

static bool read_uint(mete_reader *reader, uint64_t *number) {
  mete_value value;
  if (!mete_read(reader, &value) || value.kind != METE_UINT) return false;
  *number = value.uint;
  return true;
}

static bool read_number(mete_reader *reader, double *number) {
  mete_value value;
  return mete_read(reader, &value) && as_number(&value, number);
}

static bool read_text(mete_reader *reader, mete_kind kind, mete_text *text) {
  mete_value value;
  if (!mete_read(reader, &value) || value.kind != kind) return false;
  *text = value.text;
  return true;
}

static void put_count(mete_writer *to, const char *key, uint64_t value) {
  if (value == 0) return;
  mete_put_text(to, key);
  mete_put_uint(to, value);
}

static bool is_given(double value) { return value < 0 || value > 0 || value != value; }

static void put_real(mete_writer *to, const char *key, double value) {
  if (!is_given(value)) return;
  mete_put_text(to, key);
  mete_put_float(to, value);
}

/* Zero is a setting like any other, so absence is NULL. */
static void put_setting(mete_writer *to, const char *key, const double *value) {
  if (!value) return;
  mete_put_text(to, key);
  mete_put_float(to, *value);
}

static void put_flag(mete_writer *to, const char *key, bool given, bool value) {
  if (!given) return;
  mete_put_text(to, key);
  mete_put_bool(to, value);
}

static void put_word(mete_writer *to, const char *key, const char *value) {
  if (!value) return;
  mete_put_text(to, key);
  mete_put_text(to, value);
}

mete_result mete_generate(mete_client *c, const mete_options *options, const mete_generate_params *given,
                          const mete_piece *pieces, size_t count, mete_call **call) {
  static const mete_generate_params none = {0};
  const mete_generate_params *p = given ? given : &none;
  const bool present[] = {p->max_tokens != 0,  is_given(p->temperature),        p->top_k != 0,   is_given(p->top_p),
                          is_given(p->min_p),  is_given(p->repetition_penalty), p->seed != NULL, p->stop_count != 0,
                          p->chat,             p->system != NULL,               p->ignore_eos};
  mete_writer params = {0};
  mete_put_map(&params, count_present(present, sizeof present));
  put_count(&params, "max_tokens", p->max_tokens);
  put_real(&params, "temperature", p->temperature);
  put_count(&params, "top_k", p->top_k);
  put_real(&params, "top_p", p->top_p);
  put_real(&params, "min_p", p->min_p);
  put_real(&params, "repetition_penalty", p->repetition_penalty);
  put_budget(&params, "seed", p->seed);
  if (p->stop_count) {
    mete_put_text(&params, "stop");
    mete_put_array(&params, (uint32_t)smaller(p->stop_count, UINT32_MAX));
    for (size_t i = 0; i < p->stop_count; i++) mete_put_text(&params, p->stop[i]);
  }
  put_word(&params, "format", p->chat ? "chat" : NULL);
  put_word(&params, "system", p->system);
  put_flag(&params, "ignore_eos", p->ignore_eos, true);
  return begin(c, "Generate", options, &params, pieces, count, false, false, call);
}

mete_result mete_next_token(mete_call *call, int64_t timeout_ms, mete_token *token) {
  mete_reader message;
  mete_result result = next_message(call, timeout_ms, &message);
  if (result != METE_DONE) return result;
  bool good = read_array(&message, 3) && read_uint(&message, &token->id) && read_text(&message, METE_STR, &token->text) &&
              read_number(&message, &token->logprob);
  return good ? METE_DONE : bad_reply(call, "not [token, text, logprob]");
}

mete_result mete_predict(mete_client *c, const mete_options *options, const mete_predict_params *given,
                         const mete_piece *pieces, size_t count, mete_call **call) {
  static const mete_predict_params none = {0};
  const mete_predict_params *p = given ? given : &none;
  const bool present[] = {p->top_k != 0, p->special != METE_DEFAULT, p->max_tokens != 0};
  mete_writer params = {0};
  mete_put_map(&params, count_present(present, sizeof present));
  put_count(&params, "top_k", p->top_k);
  put_flag(&params, "special", p->special != METE_DEFAULT, p->special == METE_YES);
  put_count(&params, "max_tokens", p->max_tokens);
  return begin(c, "Predict", options, &params, pieces, count, false, false, call);
}

/* Room for `count` things of a size in the call's scratch; NULL without memory. Its start is fit for any type. */
static void *scratch(mete_call *call, size_t count, size_t size) {
  call->scratch.length = 0;
  /* A count is no more than the bytes of its frame, so this cannot overflow. */
  if (reserve(&call->scratch, count * size + 1)) return call->scratch.data;
  call->scratch.result = METE_DONE;
  return NULL;
}

mete_result mete_next_prediction(mete_call *call, int64_t timeout_ms, mete_prediction *prediction) {
  mete_reader message;
  uint32_t count = 0;
  mete_result result = next_message(call, timeout_ms, &message);
  if (result != METE_DONE) return result;
  bool good = read_array(&message, 3) && read_uint(&message, &prediction->position) && read_uint(&message, &prediction->id) &&
              read_count(&message, METE_ARRAY, &count);
  mete_candidate *items = scratch(call, count, sizeof *items);
  if (!items) return METE_NO_MEMORY;
  for (uint32_t i = 0; i < count && good; i++)
    good = read_array(&message, 2) && read_uint(&message, &items[i].id) && read_number(&message, &items[i].logprob);
  prediction->candidates = items;
  prediction->count = count;
  return good ? METE_DONE : bad_reply(call, "not [position, token, candidates]");
}

mete_result mete_embed(mete_client *c, const mete_options *options, const mete_embed_params *given, const mete_piece *texts,
                       size_t count, mete_call **call) {
  static const mete_embed_params none = {0};
  const mete_embed_params *p = given ? given : &none;
  const bool present[] = {true, p->normalize != METE_DEFAULT, p->truncate};
  mete_writer params = {0};
  mete_put_map(&params, count_present(present, sizeof present));
  put_word(&params, "input", "each");
  put_flag(&params, "normalize", p->normalize != METE_DEFAULT, p->normalize == METE_YES);
  put_flag(&params, "truncate", p->truncate, true);
  return begin(c, "Embed", options, &params, texts, count, true, false, call);
}

static float float_of(const uint8_t *little_endian) {
  uint32_t bits = 0;
  float value;
  for (int i = 3; i >= 0; i--) bits = bits << 8 | little_endian[i];
  memcpy(&value, &bits, sizeof value);
  return value;
}

mete_result mete_next_vector(mete_call *call, int64_t timeout_ms, mete_vector *vector) {
  mete_reader message;
  mete_text bytes = {NULL, 0};
  mete_result result = next_message(call, timeout_ms, &message);
  if (result != METE_DONE) return result;
  bool good = read_array(&message, 2) && read_uint(&message, &vector->index) && read_text(&message, METE_BIN, &bytes) &&
              bytes.length % 4 == 0;
  if (!good) return bad_reply(call, "not [index, float32 bytes]");
  vector->count = bytes.length / 4;
  float *values = scratch(call, vector->count, sizeof *values);
  if (!values) return METE_NO_MEMORY;
  for (size_t i = 0; i < vector->count; i++) values[i] = float_of((const uint8_t *)bytes.data + 4 * i);
  vector->values = values;
  return METE_DONE;
}

mete_result mete_classify(mete_client *c, const mete_options *options, const mete_classify_params *given,
                          const mete_piece *texts, size_t count, mete_call **call) {
  static const mete_classify_params none = {0};
  const mete_classify_params *p = given ? given : &none;
  const bool present[] = {true,           p->truncate,          p->top_k != 0,        p->pair != NULL,
                          p->tau != NULL, p->threshold != NULL, p->first_exit != NULL};
  mete_writer params = {0};
  mete_put_map(&params, count_present(present, sizeof present));
  put_word(&params, "input", "each");
  put_flag(&params, "truncate", p->truncate, true);
  put_count(&params, "top_k", p->top_k);
  put_word(&params, "pair", p->pair);
  put_setting(&params, "tau", p->tau);
  put_setting(&params, "threshold", p->threshold);
  put_budget(&params, "first_exit", p->first_exit);
  return begin(c, "Classify", options, &params, texts, count, true, false, call);
}

/* `[[name, score], …]` into the call's scratch; METE_WRONG if it is not that. */
static mete_result read_labels(mete_call *call, mete_reader *message, const mete_label **labels, size_t *count) {
  uint32_t number = 0;
  bool good = read_count(message, METE_ARRAY, &number);
  mete_label *items = scratch(call, number, sizeof *items);
  if (!items) return METE_NO_MEMORY;
  for (uint32_t i = 0; i < number && good; i++)
    good = read_array(message, 2) && read_text(message, METE_STR, &items[i].name) && read_number(message, &items[i].score);
  *labels = items;
  *count = number;
  return good ? METE_DONE : METE_WRONG;
}

mete_result mete_next_labels(mete_call *call, int64_t timeout_ms, mete_labels *labels) {
  mete_reader message;
  mete_result result = next_message(call, timeout_ms, &message);
  if (result != METE_DONE) return result;
  result = METE_WRONG;
  if (read_array(&message, 2) && read_uint(&message, &labels->index))
    result = read_labels(call, &message, &labels->items, &labels->count);
  return result == METE_WRONG ? bad_reply(call, "not [index, labels]") : result;
}

/* `{"label", "above", "tokens", "end"}`, what is not given left out. */
static void put_watch(mete_writer *to, const mete_watch *watch) {
  if (!watch) return;
  const bool present[] = {watch->label != NULL, true, watch->tokens != 0, watch->end};
  mete_put_text(to, "watch");
  mete_put_map(to, count_present(present, sizeof present));
  put_word(to, "label", watch->label);
  put_setting(to, "above", &watch->above);
  put_count(to, "tokens", watch->tokens);
  put_flag(to, "end", watch->end, true);
}

mete_result mete_classify_stream(mete_client *c, const mete_options *options, const mete_stream_params *given,
                                 const mete_piece *pieces, size_t count, mete_call **call) {
  static const mete_stream_params none = {0};
  const mete_stream_params *p = given ? given : &none;
  const bool present[] = {p->top_k != 0,      is_given(p->score_min), p->policy != METE_POLICY_DEFAULT, p->refine,
                          p->watch != NULL,   p->window != 0,         p->stride != 0,                   p->text,
                          p->special != METE_DEFAULT, p->max_tokens != 0, p->tau != NULL,
                          p->threshold != NULL, p->first_exit != NULL};
  mete_writer params = {0};
  mete_put_map(&params, count_present(present, sizeof present));
  put_count(&params, "top_k", p->top_k);
  put_real(&params, "score_min", p->score_min);
  if (p->policy != METE_POLICY_DEFAULT) put_word(&params, "policy", p->policy == METE_DEFER ? "defer" : "propagate");
  put_flag(&params, "refine", p->refine, true);
  put_watch(&params, p->watch);
  put_count(&params, "window", p->window);
  put_count(&params, "stride", p->stride);
  put_flag(&params, "text", p->text, true);
  put_flag(&params, "special", p->special != METE_DEFAULT, p->special == METE_YES);
  put_count(&params, "max_tokens", p->max_tokens);
  put_setting(&params, "tau", p->tau);
  put_setting(&params, "threshold", p->threshold);
  put_budget(&params, "first_exit", p->first_exit);
  return begin(c, "ClassifyStream", options, &params, pieces, count, false, false, call);
}

mete_result mete_next_verdict(mete_call *call, int64_t timeout_ms, mete_verdict *verdict) {
  mete_reader message;
  uint32_t fields = 0;
  mete_result result = next_message(call, timeout_ms, &message);
  if (result != METE_DONE) return result;
  result = METE_WRONG;
  bool good = read_count(&message, METE_ARRAY, &fields) && (fields == 7 || fields == 8) &&
              read_uint(&message, &verdict->position) && read_uint(&message, &verdict->id) && read_uint(&message, &verdict->layer);
  if (good) result = read_labels(call, &message, &verdict->labels, &verdict->count);
  if (result == METE_NO_MEMORY) return result;
  verdict->text = (mete_text){NULL, 0};
  good = result == METE_DONE && read_uint(&message, &verdict->macs) && read_uint(&message, &verdict->macs_dense) &&
         read_number(&message, &verdict->experts) && (fields == 7 || read_text(&message, METE_STR, &verdict->text));
  return good ? METE_DONE : bad_reply(call, "not [position, token, layer, labels, macs, macs_dense, experts]");
}

mete_result mete_tokenize(mete_client *c, const mete_options *options, mete_choice special, const mete_piece *pieces,
                          size_t count, mete_call **call) {
  mete_writer params = {0};
  mete_put_map(&params, special != METE_DEFAULT ? 1 : 0);
  put_flag(&params, "special", special != METE_DEFAULT, special == METE_YES);
  return begin(c, "Tokenize", options, &params, pieces, count, false, false, call);
}

mete_result mete_next_ids(mete_call *call, int64_t timeout_ms, mete_ids *ids) {
  mete_reader message;
  uint32_t count = 0;
  mete_result result = next_message(call, timeout_ms, &message);
  if (result != METE_DONE) return result;
  bool good = read_count(&message, METE_ARRAY, &count);
  uint64_t *items = scratch(call, count, sizeof *items);
  if (!items) return METE_NO_MEMORY;
  for (uint32_t i = 0; i < count && good; i++) good = read_uint(&message, &items[i]);
  *ids = (mete_ids){items, count};
  return good ? METE_DONE : bad_reply(call, "not an array of token ids");
}

static mete_result ask(mete_client *c, const char *method, const mete_options *options, mete_call **call) {
  mete_writer params = {0};
  return begin(c, method, options, &params, NULL, 0, false, true, call);
}

mete_result mete_models(mete_client *c, const mete_options *options, mete_call **call) {
  return ask(c, "Models.List", options, call);
}

mete_result mete_describe(mete_client *c, const mete_options *options, mete_call **call) {
  return ask(c, "Models.Describe", options, call);
}

static bool read_tariff(mete_reader reader, mete_model *model) {
  mete_value map, key, value;
  mete_reader whole;
  if (!mete_read(&reader, &map) || map.kind != METE_MAP) return false;
  for (uint32_t i = 0; i < map.count; i++) {
    mete_read(&reader, &key);
    take_raw(&reader, &value, &whole);
    if (mete_text_is(key.text, "currency") && value.kind == METE_STR) model->currency = value.text;
    if (mete_text_is(key.text, "micro_per_gmac") && value.kind == METE_UINT) model->micro_per_gmac = value.uint;
  }
  return true;
}

/* Copies an array of texts behind those that `texts` has already; false if it is none. */
static bool read_texts(mete_reader reader, mete_text *texts, size_t *used, const mete_text **first, size_t *count) {
  uint32_t number;
  if (!read_count(&reader, METE_ARRAY, &number)) return false;
  *first = texts + *used;
  *count = number;
  for (uint32_t i = 0; i < number; i++) {
    if (!read_text(&reader, METE_STR, &texts[*used + i])) return false;
  }
  *used += number;
  return true;
}

static bool set_text(const mete_value *value, mete_text *text) {
  *text = value->text;
  return value->kind == METE_STR;
}

static bool set_count(const mete_value *value, uint64_t *count) {
  *count = value->uint;
  return value->kind == METE_UINT;
}

/* One entry of a model map; false for a known key with a wrong type. */
static bool read_model_entry(mete_text key, const mete_value *value, mete_reader whole, mete_text *texts, size_t *used,
                             mete_model *m) {
  if (mete_text_is(key, "name")) return set_text(value, &m->name);
  if (mete_text_is(key, "family")) return set_text(value, &m->family);
  if (mete_text_is(key, "format")) return set_text(value, &m->format);
  if (mete_text_is(key, "sha256")) return set_text(value, &m->sha256);
  if (mete_text_is(key, "pooling")) return value->kind == METE_NIL || set_text(value, &m->pooling);
  if (mete_text_is(key, "methods")) return read_texts(whole, texts, used, &m->methods, &m->methods_count);
  if (mete_text_is(key, "labels")) return read_texts(whole, texts, used, &m->labels, &m->labels_count);
  if (mete_text_is(key, "parameters")) return set_count(value, &m->parameters);
  if (mete_text_is(key, "layers")) return set_count(value, &m->layers);
  if (mete_text_is(key, "width")) return set_count(value, &m->width);
  if (mete_text_is(key, "vocabulary")) return set_count(value, &m->vocabulary);
  if (mete_text_is(key, "positions_max")) return set_count(value, &m->positions_max);
  if (mete_text_is(key, "tariff")) return read_tariff(whole, m);
  return true;
}

static bool read_model(mete_reader raw, mete_text *texts, mete_model *model) {
  mete_value map, key, value;
  mete_reader whole;
  size_t used = 0;
  memset(model, 0, sizeof *model);
  if (!mete_read(&raw, &map) || map.kind != METE_MAP) return false;
  for (uint32_t i = 0; i < map.count; i++) {
    if (!mete_read(&raw, &key) || !take_raw(&raw, &value, &whole)) return false;
    if (!read_model_entry(key.text, &value, whole, texts, &used, model)) return false;
  }
  return true;
}

mete_result mete_next_model(mete_call *call, int64_t timeout_ms, mete_model *model) {
  mete_value value;
  mete_reader raw;
  while (call->list_count == 0) {
    mete_result result = next_message(call, timeout_ms, &call->list);
    if (result != METE_DONE) return result;
    /* A list of models, or the map of one. */
    mete_reader peek = call->list;
    mete_read(&peek, &value);
    if (value.kind != METE_ARRAY && value.kind != METE_MAP) return bad_reply(call, "not a map of a model, or an array of them");
    call->list_count = value.kind == METE_ARRAY ? value.count : 1;
    if (value.kind == METE_ARRAY) call->list = peek;
  }
  if (!take_raw(&call->list, &value, &raw)) return bad_reply(call, "not an array of model maps");
  call->list_count--;
  /* Every text takes a byte of the map at least. */
  mete_text *texts = scratch(call, (size_t)(raw.end - raw.at), sizeof *texts);
  if (!texts) return METE_NO_MEMORY;
  if (read_model(raw, texts, model)) return METE_DONE;
  call->list_count = 0;
  return bad_reply(call, "not a map of a model");
}

mete_result mete_usage_bill(mete_client *c, const mete_options *options, const uint8_t *id, mete_call **call) {
  mete_writer params = {0};
  mete_put_map(&params, 1);
  mete_put_text(&params, "call");
  mete_put_bin(&params, id, 16);
  return begin(c, "Usage.Bill", options, &params, NULL, 0, false, true, call);
}

mete_result mete_next_bill(mete_call *call, int64_t timeout_ms, const mete_bill **bill) {
  mete_reader message;
  mete_value map;
  raw_bill raw;
  fault why;
  mete_result result = next_message(call, timeout_ms, &message);
  if (result != METE_DONE) return result;
  mete_reader peek = message;
  if (!mete_read(&peek, &map) || map.kind != METE_MAP || !decode_bill(message, &raw, &why)) return bad_reply(call, "not a bill");
  free(call->asked_storage);
  call->asked_storage = NULL;
  if (!keep_bill(&raw, &call->asked, &call->asked_storage)) return METE_NO_MEMORY;
  *bill = &call->asked;
  return METE_DONE;
}

mete_result mete_health(mete_client *c, const mete_options *options, mete_call **call) {
  return ask(c, "Health.Check", options, call);
}

mete_result mete_watch_health(mete_client *c, const mete_options *options, mete_call **call) {
  return ask(c, "Health.Watch", options, call);
}

mete_result mete_next_health(mete_call *call, int64_t timeout_ms, mete_text *status) {
  mete_reader message, whole;
  mete_value key, value;
  uint32_t count = 0;
  mete_result result = next_message(call, timeout_ms, &message);
  if (result != METE_DONE) return result;
  if (!read_count(&message, METE_MAP, &count)) count = 0;
  for (uint32_t i = 0; i < count; i++) {
    mete_read(&message, &key);
    take_raw(&message, &value, &whole);
    if (!mete_text_is(key.text, "status") || value.kind != METE_STR) continue;
    *status = value.text;
    return METE_DONE;
  }
  return bad_reply(call, "not {\"status\": text}");
}

mete_result mete_reflect(mete_client *c, const mete_options *options, mete_call **call) {
  return ask(c, "Reflect.Describe", options, call);
}

static bool read_method_names(mete_reader raw, mete_text *names, mete_reflection *reflection) {
  mete_value key, value;
  mete_reader whole;
  uint32_t count;
  if (!read_count(&raw, METE_MAP, &count)) return false;
  for (uint32_t i = 0; i < count; i++) {
    mete_read(&raw, &key);
    take_raw(&raw, &value, &whole);
    names[i] = key.text;
  }
  reflection->methods = names;
  reflection->methods_count = count;
  return true;
}

mete_result mete_next_reflection(mete_call *call, int64_t timeout_ms, mete_reflection *reflection) {
  mete_reader message, whole;
  mete_value key, value;
  uint32_t count = 0;
  mete_result result = next_message(call, timeout_ms, &message);
  if (result != METE_DONE) return result;
  size_t length = (size_t)(message.end - message.at);
  *reflection = (mete_reflection){.message = message.at, .length = length};
  mete_text *names = scratch(call, length, sizeof *names);
  if (!names) return METE_NO_MEMORY;
  bool good = read_count(&message, METE_MAP, &count);
  for (uint32_t i = 0; i < count && good; i++) {
    good = mete_read(&message, &key) && take_raw(&message, &value, &whole);
    if (good && mete_text_is(key.text, "version")) good = set_count(&value, &reflection->version);
    if (good && mete_text_is(key.text, "methods")) good = read_method_names(whole, names, reflection);
  }
  return good && reflection->methods ? METE_DONE : bad_reply(call, "not a description");
}
