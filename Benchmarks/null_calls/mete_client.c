/* A Mete client in C that measures what grpc_client.cc measures, by Reflect.Echo.
 * Usage: mete_client ADDRESS unary|streams COUNT [STREAMS IN_FLIGHT]    prints one line of JSON */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "mete.h"

static const char PAYLOAD[8] = "12345678";

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

static double cpu(void) {
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
         (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1e-6;
}

static void need(bool truth, const char *what) {
  if (truth) return;
  fprintf(stderr, "mete_client: %s\n", what);
  exit(1);
}

static int ascending(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static void print(double *trips, size_t count, long messages, double wall, double spent) {
  double p50 = 0, p99 = 0;
  if (count) {
    qsort(trips, count, sizeof *trips, ascending);
    p50 = trips[count / 2] * 1e6;
    p99 = trips[(size_t)(0.99 * (double)(count - 1))] * 1e6;
  }
  printf("{\"p50_us\": %.2f, \"p99_us\": %.2f, \"messages\": %ld, \"seconds\": %.6f, \"client_cpu\": %.6f}\n", p50, p99,
         messages, wall, spent);
}

static mete_call *begin(mete_client *client) {
  mete_call *call;
  need(mete_call_open(client, "Reflect.Echo", NULL, NULL, 0, &call) == METE_DONE, "no call");
  return call;
}

static void send(mete_call *call) {
  need(mete_send_bytes(call, PAYLOAD, sizeof PAYLOAD, -1) == METE_DONE, "a message was not taken");
}

static void one_call(mete_client *client) {
  mete_item item;
  mete_call *call = begin(client);
  send(call);
  mete_half_close(call);
  while (mete_next(call, -1, &item) == METE_DONE) need(item.kind != METE_MESSAGE || item.length == 10, "not our message");
  need(mete_call_bill(call) && mete_call_end(call)->status == METE_STATUS_OK, "the call failed");
  mete_call_free(call);
}

static void unary(mete_client *client, long count) {
  double *trips = malloc((size_t)count * sizeof *trips);
  need(trips, "no memory");
  for (long i = 0; i < count / 10 + 1; i++) one_call(client);
  double spent = cpu(), start = now();
  for (long i = 0; i < count; i++) {
    double sent = now();
    one_call(client);
    trips[i] = now() - sent;
  }
  print(trips, (size_t)count, count, now() - start, cpu() - spent);
  free(trips);
}

static void flow(mete_client *client, long count, int width, long in_flight) {
  mete_call **calls = calloc((size_t)width, sizeof *calls);
  long *sent = calloc((size_t)width, sizeof *sent), *received = calloc((size_t)width, sizeof *received);
  need(calls && sent && received, "no memory");
  long each = count / width;
  int running = width;
  for (int i = 0; i < width; i++) {
    calls[i] = begin(client);
    while (sent[i] < in_flight && sent[i] < each) send(calls[i]), sent[i]++;
  }
  while (running) {
    mete_wait(client, -1);
    for (int i = 0; i < width; i++) {
      mete_item item;
      while (received[i] < each && mete_next(calls[i], 0, &item) == METE_DONE) {
        need(item.kind == METE_MESSAGE, "the call ended early");
        if (++received[i] == each) mete_half_close(calls[i]), running--;
        if (sent[i] < each) send(calls[i]), sent[i]++;
      }
    }
  }
  for (int i = 0; i < width; i++) {
    need(mete_finish(calls[i], -1) == METE_DONE && mete_call_bill(calls[i]), "no bill");
    mete_call_free(calls[i]);
  }
  free(calls);
  free(sent);
  free(received);
}

static void streams(mete_client *client, long count, int width, long in_flight) {
  flow(client, count / 10 + width, width, in_flight);
  double spent = cpu(), start = now();
  flow(client, count, width, in_flight);
  print(NULL, 0, count / width * width, now() - start, cpu() - spent);
}

int main(int count, char **arguments) {
  if (count < 4) return 64;
  mete_client *client;
  need(mete_client_new(arguments[1], NULL, &client) == METE_DONE, "the address is wrong");
  need(mete_connect(client, 5000) == METE_DONE, "no connection");
  long messages = atol(arguments[3]);
  if (strcmp(arguments[2], "unary") == 0) {
    unary(client, messages);
  } else if (count == 6) {
    streams(client, messages, atoi(arguments[4]), atol(arguments[5]));
  } else {
    return 64;
  }
  mete_client_free(client);
}
