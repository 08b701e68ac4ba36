// A gRPC C++ server that sends back what comes, on the callback API, which is gRPC's fastest.
// Usage: grpc_server unix:/path | 127.0.0.1:port      prints "ready" and serves until it is killed
#include <grpcpp/grpcpp.h>

#include <cstdio>
#include <memory>
#include <string>

#include "null.grpc.pb.h"

namespace {

class Echo final : public grpc::ServerBidiReactor<null::Message, null::Message> {
 public:
  Echo() { StartRead(&message_); }

  void OnReadDone(bool ok) override {
    if (ok) {
      StartWrite(&message_);
    } else {
      Finish(grpc::Status::OK);
    }
  }

  void OnWriteDone(bool ok) override {
    if (ok) StartRead(&message_);
  }

  void OnDone() override { delete this; }

 private:
  null::Message message_;
};

class Service final : public null::Null::CallbackService {
  grpc::ServerUnaryReactor* Unary(grpc::CallbackServerContext* context, const null::Message* request,
                                  null::Message* response) override {
    response->set_payload(request->payload());
    auto* reactor = context->DefaultReactor();
    reactor->Finish(grpc::Status::OK);
    return reactor;
  }

  grpc::ServerBidiReactor<null::Message, null::Message>* Stream(grpc::CallbackServerContext*) override {
    return new Echo;
  }
};

}  // namespace

int main(int count, char** arguments) {
  if (count != 2) return 64;
  Service service;
  grpc::ServerBuilder builder;
  builder.AddListeningPort(arguments[1], grpc::InsecureServerCredentials());
  builder.RegisterService(&service);
  std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  if (!server) return 1;
  std::puts("ready");
  std::fflush(stdout);
  server->Wait();
}
