#pragma once

// Members for the tests of those who call them.

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "real/client/client.h"
#include "real/client/codec.h"
#include "real/ports/connection.h"

namespace holdfast::real {

inline constexpr Duration kPatience = Duration::seconds(5);
// ClientOptions::silence where it is to come: longer than a busy machine takes to answer.
inline constexpr Duration kSilence = Duration::milliseconds(250);

// Members on a loop of their own; a test says what each answers.
class TestMembers : public ::testing::Test {
 protected:
  // None: the connection ends instead of an answer.  One with id 0: there is none.
  using Answer = std::function<std::optional<Response>(const Request&)>;

  TestMembers() {
    for (std::uint8_t id = 1; id <= 3; ++id) {
      auto listener = Listener::open(loop_,
                                     {"127.0.0.1", 0},
                                     {.frame_bytes_max = 10'000, .queue_bytes_max = 1 << 20},
                                     [this, id](const ConnectionPtr& c) { accept(NodeId{id}, c); });
      EXPECT_TRUE(listener.has_value());
      options_.members.push_back({NodeId{id}, {"127.0.0.1", (*listener)->port()}});
      listeners_.push_back(std::move(*listener));
    }
    options_.cluster = 5;
    options_.log = 1;
    options_.pause = Duration::milliseconds(5);
    answers_.resize(4, [](const Request& r) { return Response{r.id, Written{Position{42}}}; });
    thread_ = std::thread([this] { loop_.run_until([this] { return ended_.load(); }); });
  }

  ~TestMembers() override {
    ended_ = true;
    loop_.post([] {});
    thread_.join();
  }

  void answer(std::uint8_t id, Answer answer) {
    const std::lock_guard lock(mutex_);
    answers_[id] = std::move(answer);
  }

  static Answer fails(ErrorKind kind, std::optional<NodeId> coordinator = std::nullopt) {
    return [=](const Request& r) {
      return Response{r.id, Failed{.kind = kind, .text = "as told", .coordinator = coordinator}};
    };
  }

  static Answer is_silent() {
    return [](const Request&) { return Response{0, Written{}}; };
  }

  // Nobody listens there any more.
  void take_down(std::uint8_t id) {
    std::atomic<bool> done = false;
    loop_.post([&] {
      listeners_[id - 1u].reset();
      done = true;
    });
    while (!done)
      std::this_thread::yield();
  }

  // Which members were asked, in order.
  std::vector<int> asked() {
    const std::lock_guard lock(mutex_);
    return asked_;
  }

  ClientOptions options_;
  Verdict verdict_ = Verdict::kWelcome;

 private:
  void accept(NodeId id, const ConnectionPtr& connection) {
    connections_.push_back(connection);
    Connection* const raw = connection.get();
    connection->start({.connected = nullptr,
                       .frame = [this, id, raw](const Frame& frame) { on_frame(id, *raw, *frame); },
                       .closed = nullptr});
  }

  void on_frame(NodeId id, Connection& connection, const std::string& bytes) {
    if (const auto hello = decode_hello(bytes)) {
      const Welcome welcome{hello->receiver == id ? verdict_ : Verdict::kWrongReceiver, 10'000};
      connection.send(std::make_shared<const std::string>(encode(welcome)));
      return;
    }
    const auto request = decode_request(bytes);
    ASSERT_TRUE(request.has_value());
    const std::lock_guard lock(mutex_);
    asked_.push_back(id.value);
    if (const auto response = answers_[id.value](*request)) {
      if (response->id == 0) return;
      connection.send(std::make_shared<const std::string>(encode(*response)));
    } else {
      connection.close();
    }
  }

  std::mutex mutex_;
  std::vector<Answer> answers_;
  std::vector<int> asked_;
  EventLoop loop_;
  std::vector<std::unique_ptr<Listener>> listeners_;
  std::vector<ConnectionPtr> connections_;
  std::atomic<bool> ended_ = false;
  std::thread thread_;
};

}  // namespace holdfast::real
