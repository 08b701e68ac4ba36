/* mete, the C client: streaming inference over one Unix or TCP connection, every call with an exact bill.
 *
 * C11, libc and POSIX sockets. Add mete.h and mete.c to a program and that is all. docs/PROTOCOL.md is what goes over the
 * wire; names and limits here are its names and limits.
 *
 * Rules that hold for every function:
 *   - A client and its calls are used by one thread at a time. Different clients are independent.
 *   - Times are milliseconds. A `timeout_ms` of 0 never waits, a negative one waits as long as it takes.
 *   - Structs of options are read during the call and copied; zeroed fields mean the default.
 *   - What comes out points into memory of the call or the client, and says how long it stays.
 *   - Strings are UTF-8. A string that is not is METE_WRONG on its way out and fails the connection on its way in.
 *   - Nothing is printed, no signal is touched, no thread is started, no state is global.
 */
#ifndef METE_H
#define METE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Limits -------------------------------------------------------------------------------------------------------- */

enum {
  METE_ATTEMPTS_MAX = 4,            /* attempts of a typed call, unless the settings or its options say otherwise */
  METE_CONNECT_MS = 5000,           /* connecting and the server's HELLO together */
  METE_KEEPALIVE_MS = 20000,        /* silence after which the server is asked with PING; as long again, and it is lost */
  METE_GRACE_MS = 5000,             /* what a server may take beyond what it owes: END after a deadline or CANCEL, BILL after END */
  METE_RETRY_BASE_MS = 100,         /* the first wait between attempts; each later one is twice as long */
  METE_RETRY_MAX_MS = 5000,         /* the longest wait between attempts */
  METE_SETTLE_MS = 1000,            /* how long credit may gather before it is given back */
  METE_UNSENT_BYTES_MAX = 65536,    /* messages of one call that wait for credit before a send is METE_BLOCKED */
  METE_REPLAY_BYTES_MAX = 1048576,  /* messages of one call that are kept for its next attempt */
  METE_OUTPUT_BYTES_MAX = 262144,   /* output that the socket has not taken before DATA pauses */
  METE_READ_BYTES_MAX = 262144,     /* bytes that one mete_step reads */
  METE_DEPTH_TOP = 64,              /* the highest depth_max a client may ask for */
  METE_PINGS_TOP = 10000,           /* the highest pings_max a client may ask for */
  METE_TEXT_BYTES_MAX = 1024,       /* `text` of a failure that this side found */
  METE_METHOD_BYTES_MAX = 256       /* a method's name */
};

/* What one side of a connection is ready to take (PROTOCOL.md §3.1). */
typedef struct mete_limits {
  uint64_t frame_bytes_max, streams_max, stream_credit, connection_credit, metadata_bytes_max, metadata_count_max;
  uint64_t depth_max, items_max, pings_max, ping_strikes_max, resets_max, idle_ms, control_bytes_max;
} mete_limits;

/* ---- Results and statuses ------------------------------------------------------------------------------------------ */

/* What a function says of itself. How a call ended is in its mete_end. */
typedef enum mete_result {
  METE_DONE = 0,  /* it is done */
  METE_BLOCKED,   /* not now: nothing has come, or there is no credit; wait and ask again */
  METE_OVER,      /* the call has nothing more to give, or takes nothing more */
  METE_WRONG,     /* an argument is wrong: a string that is not UTF-8, an address that is none, a value that is not MessagePack */
  METE_TOO_LARGE, /* the message or call can never go: it is over the server's frames or half its windows */
  METE_NO_MEMORY, /* the system gave no memory; the call or client is as it was before */
  METE_LOST,      /* there is no connection; mete_trouble says why */
  METE_TIMED_OUT, /* the time is up */
  METE_BAD_REPLY  /* the server's message has not the shape that its method promises; the call was cancelled */
} mete_result;

/* "done", "blocked", …; never NULL. */
const char *mete_result_name(mete_result result);

/* How a call ended (PROTOCOL.md §4.2). */
typedef enum mete_status {
  METE_STATUS_OK = 0,
  METE_STATUS_CANCELLED,
  METE_STATUS_UNKNOWN,
  METE_STATUS_INVALID_ARGUMENT,
  METE_STATUS_DEADLINE_EXCEEDED,
  METE_STATUS_NOT_FOUND,
  METE_STATUS_ALREADY_EXISTS,
  METE_STATUS_PERMISSION_DENIED,
  METE_STATUS_RESOURCE_EXHAUSTED,
  METE_STATUS_FAILED_PRECONDITION,
  METE_STATUS_ABORTED,
  METE_STATUS_OUT_OF_RANGE,
  METE_STATUS_UNIMPLEMENTED,
  METE_STATUS_INTERNAL,
  METE_STATUS_UNAVAILABLE,
  METE_STATUS_DATA_LOSS,
  METE_STATUS_UNAUTHENTICATED
} mete_status;

/* "OK", "CANCELLED", …; never NULL. */
const char *mete_status_name(mete_status status);

/* ---- MessagePack --------------------------------------------------------------------------------------------------- */

/* Text from outside: `length` bytes of UTF-8, which may hold a NUL. Print it with "%.*s". */
typedef struct mete_text {
  const char *data;
  size_t length;
} mete_text;

/* Whether a text is exactly this C string. */
bool mete_text_is(mete_text text, const char *wanted);

/* Bytes that grow. Begin with `mete_writer w = {0}`, end with mete_writer_free.
 * A failure sticks: check `result` once, after the last put. */
typedef struct mete_writer {
  uint8_t *data;
  size_t length, capacity;
  mete_result result; /* METE_DONE, METE_NO_MEMORY, or METE_WRONG for text that is not UTF-8 */
} mete_writer;

void mete_put_nil(mete_writer *writer);
void mete_put_bool(mete_writer *writer, bool value);
void mete_put_uint(mete_writer *writer, uint64_t value);
void mete_put_int(mete_writer *writer, int64_t value);
void mete_put_float(mete_writer *writer, double value);                               /* 64 bits */
void mete_put_single(mete_writer *writer, float value);                               /* 32 bits */
void mete_put_text(mete_writer *writer, const char *text);                            /* NUL-terminated; str */
void mete_put_str(mete_writer *writer, const char *data, size_t length);              /* str */
void mete_put_bin(mete_writer *writer, const void *data, size_t length);              /* bin */
void mete_put_array(mete_writer *writer, uint32_t count);                             /* `count` values follow */
void mete_put_map(mete_writer *writer, uint32_t count);                               /* `count` pairs follow; keys are str */
void mete_writer_free(mete_writer *writer);                                           /* and zeroes it */

typedef enum mete_kind {
  METE_NIL,
  METE_BOOL,  /* boolean */
  METE_UINT,  /* uint */
  METE_INT,   /* integer, always negative */
  METE_FLOAT, /* number; `single` if it travelled in 32 bits */
  METE_STR,   /* text */
  METE_BIN,   /* text.data, text.length: bytes */
  METE_ARRAY, /* count values follow */
  METE_MAP    /* count pairs follow */
} mete_kind;

/* One item of MessagePack. The content of a container is read by the following calls. */
typedef struct mete_value {
  mete_kind kind;
  bool boolean, single;
  uint64_t uint;
  int64_t integer;
  double number;
  mete_text text;
  uint32_t count;
} mete_value;

/* A place in MessagePack bytes. */
typedef struct mete_reader {
  const uint8_t *at, *end;
} mete_reader;

/* The next item; false at the end, for cut bytes and for extension types. `value` points into the bytes. */
bool mete_read(mete_reader *reader, mete_value *value);
/* Steps over one whole value, containers with their content; false as above, or deeper than METE_DEPTH_TOP. */
bool mete_skip(mete_reader *reader);

/* ---- Ends and bills ------------------------------------------------------------------------------------------------ */

/* One entry of metadata: a string or, if `binary`, bytes. */
typedef struct mete_metadata {
  mete_text key, value;
  bool binary;
} mete_metadata;

/* How a call ended. Texts have a NUL after them. */
typedef struct mete_end {
  mete_status status;
  mete_text detail; /* PROTOCOL.md §2's word; ours are connection_lost, client_closed, message_too_large, bad_reply, no_memory */
  mete_text text;   /* for people */
  bool local;       /* this side said so, not the server's END */
  const mete_metadata *metadata;
  size_t metadata_count;
} mete_end;

/* A value of the END's metadata, or a text whose data is NULL. */
mete_text mete_end_metadata(const mete_end *end, const char *key);

/* Multiply-accumulates by part. */
typedef struct mete_macs {
  uint64_t attention, experts, routers, exits, head, adapter, embedding;
} mete_macs;

/* What a call cost (PROTOCOL.md §4.3). Texts have a NUL after them; times are microseconds. */
typedef struct mete_bill {
  uint8_t call[16];
  mete_text tenant, model, method;
  mete_status status;
  uint64_t tokens_in, tokens_out;
  mete_macs macs;
  uint64_t macs_total, macs_dense, layers_run, experts_run;
  const uint64_t *layers_histogram, *experts_histogram; /* item i: rows that ran i layers; row-layers that ran i experts */
  size_t layers_histogram_count, experts_histogram_count;
  uint64_t queue_us, compute_us, total_us;
  uint64_t bytes_in, bytes_out;
  double effort_asked, effort_given;
  bool has_macs_max, has_cost_max; /* whether a budget was asked for */
  uint64_t macs_max, cost_max;
  mete_text adapter;   /* data is NULL if none */
  uint64_t cost_micro; /* millionths of `currency` */
  mete_text currency;
  uint64_t tokens_reused; /* of tokens_in: an earlier call of the tenant had left what they need, so they cost nothing */
} mete_bill;

/* ---- Clients ------------------------------------------------------------------------------------------------------- */

typedef struct mete_client mete_client;
typedef struct mete_call mete_call;

/* How a client behaves. All zero is a good choice. */
typedef struct mete_settings {
  const char *software;   /* what HELLO says; default "mete-c 0.1.0" */
  mete_limits limits;     /* what this side takes; a field of 0 has version 1's default */
  uint32_t connect_ms;    /* METE_CONNECT_MS */
  uint32_t keepalive_ms;  /* METE_KEEPALIVE_MS */
  uint32_t grace_ms;      /* METE_GRACE_MS */
  uint32_t attempts_max;  /* of typed calls, METE_ATTEMPTS_MAX; 1 is no retry */
  uint32_t retry_base_ms; /* METE_RETRY_BASE_MS */
  uint32_t retry_max_ms;  /* METE_RETRY_MAX_MS */
  uint64_t seed;          /* of the waits' jitter; 0 takes the clock */
  /* For tests and unusual transports: `dial` gives a connected stream socket, which the client then owns, or -1;
   * `clock` gives milliseconds that never go back. NULL is the system's. With a clock of your own use timeouts of 0. */
  int (*dial)(void *context);
  uint64_t (*clock)(void *context);
  void *context;
} mete_settings;

/* Makes a client of the server at `unix:PATH`, `tcp:HOST:PORT` or `tcp:[IPV6]:PORT`. Nothing is connected yet: the first
 * call or mete_connect does that, and so does the first call after a connection was lost. `settings` may be NULL.
 * METE_DONE, METE_WRONG (address or settings), METE_NO_MEMORY; `*client` is NULL unless done. End with mete_client_free. */
mete_result mete_client_new(const char *address, const mete_settings *settings, mete_client **client);

/* Closes the connection at once and frees the client; NULL is fine. Calls that still run end with `client_closed`, and
 * every mete_call stays valid until its mete_call_free. */
void mete_client_free(mete_client *client);

/* Connects if there is no connection, and waits for the server's HELLO. One attempt, however long `timeout_ms`.
 * METE_DONE, METE_LOST (see mete_trouble), METE_BLOCKED if the time is up first. */
mete_result mete_connect(mete_client *client, int64_t timeout_ms);

/* Cancels what runs, gives the bills `timeout_ms` to come, says goodbye and closes. The client takes no more calls.
 * METE_DONE, or METE_BLOCKED if some bill did not come in time (its call then ends with `client_closed`). */
mete_result mete_client_close(mete_client *client, int64_t timeout_ms);

/* Why the last connection could not be made or was lost; status OK if nothing was. Until the next call on the client. */
const mete_end *mete_trouble(const mete_client *client);

/* What the server takes; the defaults until its HELLO has come. Until the next call on the client. */
const mete_limits *mete_server_limits(const mete_client *client);

/* Milliseconds until the server answered a PING. METE_DONE, METE_TIMED_OUT, METE_LOST. Needs a connection. */
mete_result mete_ping(mete_client *client, int64_t timeout_ms, uint64_t *answer_ms);

/* ---- Poll-driven use ----------------------------------------------------------------------------------------------- */

/* In a poll loop of your own: wait for mete_wants on mete_fd, at most mete_timeout, then mete_step; then ask every call
 * with a timeout of 0. All four are cheap. Only the lookup of a host name in mete_step may block; give an IP address. */

/* The socket, or -1 while there is none. It may change in mete_step and mete_connect. */
int mete_fd(const mete_client *client);
/* POLLIN and POLLOUT as they are wanted now; 0 without a socket. */
short mete_wants(const mete_client *client);
/* Milliseconds until mete_step has something to do all the same; -1 for none. */
int mete_timeout(const mete_client *client);
/* Reads, writes and does what time demands, without waiting. What goes wrong is told to the calls. */
void mete_step(mete_client *client);
/* Waits for the socket, a timer or `timeout_ms`, whichever is first, and steps once. */
void mete_wait(mete_client *client, int64_t timeout_ms);

/* ---- Calls --------------------------------------------------------------------------------------------------------- */

/* What any call may carry (PROTOCOL.md §4.1). All zero is a good choice. */
typedef struct mete_options {
  const char *model;      /* NULL: the first that can serve the method */
  uint64_t deadline_ms;   /* from now, over all attempts and waits; 0 is none */
  const uint8_t *call;    /* 16 bytes of your own, under which mete_usage_bill answers; NULL: the server makes them */
  const double *effort;   /* 0 … 1; NULL is 1 */
  const double *effort_min; /* 0 … effort: what load may not lower it below; NULL is the server's floor */
  const uint64_t *macs_max, *cost_max; /* budgets; NULL is none */
  const mete_metadata *metadata;       /* keys [a-z0-9_.-]{1,64} */
  size_t metadata_count;
  /* Attempts in all. 0 is 1 for mete_call_open and the settings' for typed calls. A call is tried again only where
   * it cannot have done any work: no connection could be made; the server said with GOAWAY that it never took the stream;
   * or it refused with queue_full, streams_max or draining and a bill of 0 multiply-accumulates. Never after a message of
   * the server has come. A call's own id is kept: the id of a call that did no work is free again. */
  uint32_t attempts_max;
  size_t replay_bytes_max; /* messages kept for another attempt, METE_REPLAY_BYTES_MAX; a call that sent more is not retried.
                            * Input that is given to a typed call as pieces is kept whatever its size. */
} mete_options;

/* Begins a call. `params` is a MessagePack map of `params_length` bytes, or NULL. Nothing is waited for: the call goes out
 * when there is a connection and the server takes one more stream. With one attempt it fails if the connection does.
 * METE_DONE, METE_WRONG, METE_TOO_LARGE, METE_NO_MEMORY, METE_LOST (the client is closed); `*call` is NULL unless done. */
mete_result mete_call_open(mete_client *client, const char *method, const mete_options *options, const uint8_t *params,
                           size_t params_length, mete_call **call);

/* Cancels the call if it still runs, does not wait for its bill, and frees it; NULL is fine. */
void mete_call_free(mete_call *call);

/* Sends one message: a text, UTF-8 bytes cut anywhere, token ids, or one value in MessagePack.
 * At most METE_UNSENT_BYTES_MAX wait for credit; then a send waits, or is METE_BLOCKED when the time is up or when an answer
 * waits to be read, since a server that cannot answer gives no credit: read it and send again.
 * METE_DONE, METE_BLOCKED, METE_OVER (the call has ended or is half-closed; dropped), METE_WRONG, METE_TOO_LARGE, METE_NO_MEMORY. */
mete_result mete_send_text(mete_call *call, const char *text, size_t length, int64_t timeout_ms);
mete_result mete_send_bytes(mete_call *call, const void *data, size_t length, int64_t timeout_ms);
mete_result mete_send_tokens(mete_call *call, const uint32_t *tokens, size_t count, int64_t timeout_ms);
mete_result mete_send_value(mete_call *call, const uint8_t *value, size_t length, int64_t timeout_ms);

/* Says that no more messages come. Doing it twice, or when the call is over, does nothing. */
void mete_half_close(mete_call *call);

/* Gives the call up. Unread messages are dropped; END and bill still come, within the grace time. */
void mete_cancel(mete_call *call);

typedef enum mete_item_kind { METE_MESSAGE, METE_END, METE_BILL } mete_item_kind;

/* What a call says next. */
typedef struct mete_item {
  mete_item_kind kind;
  const uint8_t *message; /* METE_MESSAGE: one MessagePack value, valid until the next item of this call */
  size_t length;
  const mete_end *end;   /* METE_END: as mete_call_end */
  const mete_bill *bill; /* METE_BILL: as mete_call_bill */
} mete_item;

/* The next item: messages, then one METE_END, then one METE_BILL unless the bill was lost with the connection.
 * Taking a message gives its credit back, so a call that is not read makes the server pause.
 * METE_DONE, METE_BLOCKED when the time is up, METE_OVER when all was said. */
mete_result mete_next(mete_call *call, int64_t timeout_ms, mete_item *item);

/* Reads on to the end, dropping messages. METE_DONE when the call is over, METE_BLOCKED when the time is up. */
mete_result mete_finish(mete_call *call, int64_t timeout_ms);

/* How the call ended, NULL before. Until mete_call_free. */
const mete_end *mete_call_end(const mete_call *call);
/* What the call cost; NULL before its end, and for good if the bill was lost. Until mete_call_free. */
const mete_bill *mete_call_bill(const mete_call *call);
/* Whether nothing more can come but what mete_next has at hand. */
bool mete_call_over(const mete_call *call);
/* Attempts that were made so far, the running one included. */
uint32_t mete_call_attempts(const mete_call *call);

/* ---- The methods (PROTOCOL.md §5) ---------------------------------------------------------------------------------- */

/* Every function here begins a call; the mete_next_… beside it gives its answers one by one and METE_OVER at the end, after
 * which mete_call_end and mete_call_bill are there. They return as mete_call_open and mete_next, and METE_BAD_REPLY.
 * Answers point into the call and stay until its next answer. */

typedef enum mete_choice { METE_DEFAULT = 0, METE_YES, METE_NO } mete_choice;

typedef enum mete_piece_kind { METE_PIECE_TEXT, METE_PIECE_BYTES, METE_PIECE_TOKENS } mete_piece_kind;

/* A piece of input: UTF-8 text, UTF-8 bytes cut anywhere, or `count` token ids (uint32_t). It is copied. */
typedef struct mete_piece {
  mete_piece_kind kind;
  const void *data;
  size_t count; /* bytes, or tokens */
} mete_piece;

/* A C string as a piece. */
mete_piece mete_piece_text(const char *text);

/* Parameters of Generate. All zero is greedy with the server's defaults. */
typedef struct mete_generate_params {
  uint64_t max_tokens; /* 0: the server's default */
  double temperature;
  uint64_t top_k;
  double top_p, min_p, repetition_penalty; /* 0: the default */
  const uint64_t *seed;                    /* NULL: the server chooses */
  const char *const *stop;                 /* strings at which to stop */
  size_t stop_count;
  bool chat;          /* the text is one user message */
  const char *system; /* with chat; NULL is none */
  bool ignore_eos;
} mete_generate_params;

typedef struct mete_token {
  uint64_t id;
  mete_text text; /* what became certain with this token, perhaps nothing */
  double logprob;
} mete_token;

/* Generates text after the pieces, which are one input. Without pieces (NULL) the input is sent and half-closed by you. */
mete_result mete_generate(mete_client *client, const mete_options *options, const mete_generate_params *params,
                          const mete_piece *pieces, size_t count, mete_call **call);
mete_result mete_next_token(mete_call *call, int64_t timeout_ms, mete_token *token);

typedef struct mete_predict_params {
  uint64_t top_k;      /* 0: the server's default */
  mete_choice special; /* put the beginning-of-text token before text */
  uint64_t max_tokens; /* positions to reserve; 0: the server's default */
} mete_predict_params;

typedef struct mete_candidate {
  uint64_t id;
  double logprob;
} mete_candidate;

/* What may follow the token that was read at `position`, best first. */
typedef struct mete_prediction {
  uint64_t position, id;
  const mete_candidate *candidates;
  size_t count;
} mete_prediction;

/* Predicts after every token of the input, while it comes. Pieces as in mete_generate. */
mete_result mete_predict(mete_client *client, const mete_options *options, const mete_predict_params *params,
                         const mete_piece *pieces, size_t count, mete_call **call);
mete_result mete_next_prediction(mete_call *call, int64_t timeout_ms, mete_prediction *prediction);

typedef struct mete_embed_params {
  mete_choice normalize;
  bool truncate;
} mete_embed_params;

typedef struct mete_vector {
  uint64_t index; /* of the text */
  const float *values;
  size_t count;
} mete_vector;

/* A vector for each text, in order. Without texts (NULL) each message that you send is one. */
mete_result mete_embed(mete_client *client, const mete_options *options, const mete_embed_params *params,
                       const mete_piece *texts, size_t count, mete_call **call);
mete_result mete_next_vector(mete_call *call, int64_t timeout_ms, mete_vector *vector);

typedef struct mete_classify_params {
  uint64_t top_k; /* 0: all labels */
  bool truncate;
  const char *pair; /* second segment; NULL is none */
  const double *tau, *threshold; /* settings by themselves, instead of an effort (PROTOCOL.md §5.2); NULL is none */
  const uint64_t *first_exit;
} mete_classify_params;

typedef struct mete_label {
  mete_text name;
  double score;
} mete_label;

typedef struct mete_labels {
  uint64_t index;          /* of the text */
  const mete_label *items; /* best first */
  size_t count;
} mete_labels;

/* The labels of each text, in order. Texts as in mete_embed. */
mete_result mete_classify(mete_client *client, const mete_options *options, const mete_classify_params *params,
                          const mete_piece *texts, size_t count, mete_call **call);
mete_result mete_next_labels(mete_call *call, int64_t timeout_ms, mete_labels *labels);

typedef enum mete_policy { METE_POLICY_DEFAULT = 0, METE_DEFER, METE_PROPAGATE } mete_policy;

/* "Tell me when the label's probability is above this for so many tokens in a row." */
typedef struct mete_watch {
  const char *label;
  double above;    /* 0 … 1 */
  uint64_t tokens; /* 0: 1 */
  bool end;        /* the call is over then */
} mete_watch;

/* Parameters of ClassifyStream. All zero tells every label of every token. */
typedef struct mete_stream_params {
  uint64_t top_k;          /* 0: all labels */
  double score_min;        /* labels below it are left out, but not the first */
  mete_policy policy;      /* what later tokens see of layers that a token left out; the default is the model's */
  bool refine;             /* early verdicts are told, and corrected by deeper exits */
  const mete_watch *watch; /* NULL: every verdict is told */
  uint64_t window, stride; /* of an encoder, in tokens; 0: the server's default */
  bool text;               /* verdicts carry their token's text */
  mete_choice special;     /* put the beginning-of-text token before text */
  uint64_t max_tokens;     /* positions to reserve; 0: the server's default */
  const double *tau, *threshold; /* settings by themselves, instead of an effort; NULL is none */
  const uint64_t *first_exit;
} mete_stream_params;

/* What is thought of the stream after a token. Of verdicts with the same position the last counts. */
typedef struct mete_verdict {
  uint64_t position, id, layer; /* of the token; the layers that it went through */
  const mete_label *labels;     /* best first; the first score is the confidence */
  size_t count;
  uint64_t macs, macs_dense; /* for the stream so far, and what the dense model would have spent */
  double experts;            /* the share of their experts that those layers ran; 1 where they ran whole */
  mete_text text;            /* what became certain with the token; data is NULL unless asked for */
} mete_verdict;

/* Classifies after every token of the input, while it comes. Pieces as in mete_generate. */
mete_result mete_classify_stream(mete_client *client, const mete_options *options, const mete_stream_params *params,
                                 const mete_piece *pieces, size_t count, mete_call **call);
mete_result mete_next_verdict(mete_call *call, int64_t timeout_ms, mete_verdict *verdict);

typedef struct mete_ids {
  const uint64_t *items;
  size_t count;
} mete_ids;

/* Token ids of a text, as they become certain. Pieces as in mete_generate, but no tokens. */
mete_result mete_tokenize(mete_client *client, const mete_options *options, mete_choice special, const mete_piece *pieces,
                          size_t count, mete_call **call);
mete_result mete_next_ids(mete_call *call, int64_t timeout_ms, mete_ids *ids);

/* A model that the server holds. Texts have no NUL after them. */
typedef struct mete_model {
  mete_text name, family, format, sha256, pooling; /* pooling.data is NULL if none */
  const mete_text *methods, *labels;
  size_t methods_count, labels_count;
  uint64_t parameters, layers, width, vocabulary, positions_max;
  mete_text currency;
  uint64_t micro_per_gmac;
} mete_model;

/* All models, or (describe) the one that options.model names. */
mete_result mete_models(mete_client *client, const mete_options *options, mete_call **call);
mete_result mete_describe(mete_client *client, const mete_options *options, mete_call **call);
mete_result mete_next_model(mete_call *call, int64_t timeout_ms, mete_model *model);

/* The bill of an earlier call of this tenant, by its 16 bytes; also of one whose connection was lost. */
mete_result mete_usage_bill(mete_client *client, const mete_options *options, const uint8_t *id, mete_call **call);
mete_result mete_next_bill(mete_call *call, int64_t timeout_ms, const mete_bill **bill);

/* "SERVING", or "NOT_SERVING" while the server drains. */
mete_result mete_health(mete_client *client, const mete_options *options, mete_call **call);
/* The same now and whenever it changes, until its deadline, mete_cancel, or the end `draining` when the server goes away. */
mete_result mete_watch_health(mete_client *client, const mete_options *options, mete_call **call);
mete_result mete_next_health(mete_call *call, int64_t timeout_ms, mete_text *status);

typedef struct mete_reflection {
  uint64_t version;
  const mete_text *methods; /* names */
  size_t methods_count;
  const uint8_t *message; /* the whole answer in MessagePack */
  size_t length;
} mete_reflection;

/* What the server can do. */
mete_result mete_reflect(mete_client *client, const mete_options *options, mete_call **call);
mete_result mete_next_reflection(mete_call *call, int64_t timeout_ms, mete_reflection *reflection);

#ifdef __cplusplus
}
#endif
#endif
