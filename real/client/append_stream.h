#pragma once

// Appends with many outstanding at a time, on one connection to whoever coordinates.
//
//   AppendStream stream(options, Duration::seconds(10));
//   stream.append("an entry", {client, 1}, [](const auto& position) { ... });
//   while (stream.outstanding() > 0)
//     stream.wait(Instant::never());
//
// Belongs to one thread.  Every append has a key of its own (docs/API.md, Keys): when a connection
// breaks or a coordinator changes, all that is outstanding is sent again, and is in the log once.
// Entries then may change places; without that they are in the log in the order of the calls.

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "real/client/client.h"
#include "real/client/client_socket.h"

namespace holdfast::real {

class AppendStream {
 public:
  // Where it is, or why not.  After kUnknown it may be there, or may be yet; after any other error
  // it is not.
  using Done = std::function<void(const ClientResult<Position>&)>;

  // Each append is tried for so long, whole milliseconds, more than none.
  AppendStream(ClientOptions options, Duration patience);
  ~AppendStream();

  AppendStream(const AppendStream&) = delete;
  AppendStream& operator=(const AppendStream&) = delete;

  // Sends nothing by itself: wait() or progress() does.  `done` is called from these, and may
  // append.  Requires: a key that is used for this entry only.
  void append(std::string entry, IdempotencyKey key, Done done);

  std::size_t outstanding() const { return pending_.size(); }

  // Sends and receives until something is done, or until then (of monotonic_now()).  Connecting may
  // take as long as the options say.
  void wait(Instant until);

  // For programs with a loop of their own: wait for poll events on the handle, or until the
  // instant; then progress().  The handle is -1 while there is no connection.
  int handle() const;
  short events() const;
  Instant wake_at() const;
  void progress();

 private:
  struct Pending {
    Payload entry;
    IdempotencyKey key;
    Instant deadline;
    Done done;
    // It may have reached a member on this connection, and on one before.
    bool sent = false;
    bool sent_before = false;
    // The last refusal, for when the time is up.
    Failed refusal{.kind = ErrorKind::kDeadline, .text = "nobody was asked in time"};
  };

  void connect();
  void disconnect(const Failed& why);
  void choose_next(const Failed& why);
  void encode_new();
  void transfer();
  void take(const Response& response);
  void refused(std::uint64_t id, const Failed& failed);
  void fail(std::uint64_t id, Failed failed);
  void finish(std::uint64_t id, const ClientResult<Position>& result);
  void expire();
  bool is_owed() const;
  void leave_silent();

  ClientOptions options_;
  Duration patience_;
  // Whom it is connected to, or will be: an index into options_.members.
  std::size_t target_ = 0;
  std::size_t refusals_ = 0;
  Instant connect_at_;
  std::unique_ptr<ClientSocket> socket_;
  // Since when the member owes an answer: since the last one, or the first question after it.  What
  // has expired is owed as well.
  std::optional<Instant> silent_since_;
  // By id, which is the order of the calls.
  std::map<std::uint64_t, Pending> pending_;
  std::uint64_t last_id_ = 0;
  // The first that is not in `out_` of this connection.
  std::uint64_t next_to_send_ = 1;
  std::string out_;
  std::size_t out_sent_ = 0;
};

}  // namespace holdfast::real
