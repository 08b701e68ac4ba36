// A gRPC C++ client that measures: round trips of unary calls, messages a second on one stream and on many.
// Usage: grpc_client ADDRESS unary|streams COUNT [STREAMS IN_FLIGHT]    prints one line of JSON
#include <grpcpp/grpcpp.h>
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "null.grpc.pb.h"

namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point begin) { return std::chrono::duration<double>(Clock::now() - begin).count(); }

double cpu_seconds() {
  rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  auto seconds = [](const timeval& time) { return time.tv_sec + time.tv_usec * 1e-6; };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

void print(std::vector<double> trips, long messages, double wall, double cpu) {
  std::sort(trips.begin(), trips.end());
  auto at = [&](double part) { return trips.empty() ? 0 : trips[static_cast<size_t>(part * (trips.size() - 1))] * 1e6; };
  std::printf("{\"p50_us\": %.2f, \"p99_us\": %.2f, \"messages\": %ld, \"seconds\": %.6f, \"client_cpu\": %.6f}\n", at(0.5),
              at(0.99), messages, wall, cpu);
}

void unary(null::Null::Stub& stub, long count) {
  null::Message request, response;
  std::vector<double> trips;
  trips.reserve(count);
  for (long i = 0; i < count / 10 + 1; i++) {  // warms up
    grpc::ClientContext context;
    if (!stub.Unary(&context, request, &response).ok()) std::exit(1);
  }
  auto cpu = cpu_seconds();
  auto begin = Clock::now();
  for (long i = 0; i < count; i++) {
    auto start = Clock::now();
    grpc::ClientContext context;
    if (!stub.Unary(&context, request, &response).ok()) std::exit(1);
    trips.push_back(seconds_since(start));
  }
  auto wall = seconds_since(begin);
  print(trips, count, wall, cpu_seconds() - cpu);
}

struct Gate {
  std::mutex mutex;
  std::condition_variable changed;
  int open = 0;

  void leave() {
    std::lock_guard<std::mutex> guard(mutex);
    if (--open == 0) changed.notify_all();
  }

  void wait() {
    std::unique_lock<std::mutex> guard(mutex);
    changed.wait(guard, [&] { return open == 0; });
  }
};

// One stream: writes while fewer than `in_flight` messages are on their way, until `count` have come back.
class Flow final : public grpc::ClientBidiReactor<null::Message, null::Message> {
 public:
  Flow(null::Null::Stub& stub, long count, long in_flight, Gate& gate) : count_(count), in_flight_(in_flight), gate_(gate) {
    out_.set_payload("12345678");
    stub.async()->Stream(&context_, this);
    AddHold();
    StartRead(&in_);
    write();
    StartCall();
  }

  void OnWriteDone(bool ok) override {
    if (!ok) return;
    std::lock_guard<std::mutex> guard(mutex_);
    is_writing_ = false;
    proceed();
  }

  void OnReadDone(bool ok) override {
    if (!ok) return;
    std::lock_guard<std::mutex> guard(mutex_);
    if (++received_ == count_) {
      StartWritesDone();
      RemoveHold();
      return;
    }
    proceed();
    StartRead(&in_);
  }

  void OnDone(const grpc::Status& status) override {
    if (!status.ok() || received_ != count_) std::exit(1);
    gate_.leave();
  }

 private:
  void write() {
    is_writing_ = true;
    sent_++;
    StartWrite(&out_);
  }

  void proceed() {
    if (!is_writing_ && sent_ < count_ && sent_ - received_ < in_flight_) write();
  }

  grpc::ClientContext context_;
  null::Message in_, out_;
  std::mutex mutex_;
  bool is_writing_ = false;
  long sent_ = 0, received_ = 0;
  const long count_, in_flight_;
  Gate& gate_;
};

void streams(null::Null::Stub& stub, long count, int width, long in_flight) {
  for (long part : {count / 10 + width, count}) {  // the first warms up
    Gate gate;
    gate.open = width;
    auto cpu = cpu_seconds();
    auto begin = Clock::now();
    std::vector<std::unique_ptr<Flow>> flows;
    for (int i = 0; i < width; i++) flows.push_back(std::make_unique<Flow>(stub, part / width, in_flight, gate));
    gate.wait();
    if (part == count) print({}, part / width * width, seconds_since(begin), cpu_seconds() - cpu);
  }
}

}  // namespace

int main(int count, char** arguments) {
  if (count < 4) return 64;
  auto stub = null::Null::NewStub(grpc::CreateChannel(arguments[1], grpc::InsecureChannelCredentials()));
  long messages = std::atol(arguments[3]);
  if (std::string(arguments[2]) == "unary") {
    unary(*stub, messages);
  } else if (count == 6) {
    streams(*stub, messages, std::atoi(arguments[4]), std::atol(arguments[5]));
  } else {
    return 64;
  }
}
