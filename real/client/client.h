#pragma once

// The client library: calls that block, with deadlines.
//
//   Client client({.cluster = 7, .log = 1, .members = {...}});
//   const auto position = client.append("an entry", Duration::seconds(5));
//
// A Client belongs to one thread.

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "real/client/messages.h"
#include "real/client/session.h"
#include "real/ports/address.h"
#include "real/ports/tls.h"

namespace holdfast::real {

struct ClientOptions {
  std::uint64_t cluster = 0;
  std::uint64_t log = 0;

  struct Member {
    NodeId id;
    // Its client port.
    Address address;
  };

  // Not empty.
  std::vector<Member> members;

  // With it members are called by TLS only.
  TlsPtr tls;

  // A member that has not taken the connection by then is passed over.
  Duration connect_deadline = Duration::seconds(1);

  // A member that was asked to append under a key, and says nothing for so long, is passed over:
  // its host may be gone without a word, or its process stopped.  What has no key is not sent
  // twice, and waits for as long as the call may.
  Duration silence = Duration::seconds(3);

  // After a refusal that may be over soon, before the next attempt: drawn between half of it and
  // the whole.
  Duration pause = Duration::milliseconds(100);
};

template <typename T>
using ClientResult = tl::expected<T, Failed>;

class Client {
 public:
  explicit Client(ClientOptions options);
  ~Client();

  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  // Writes through whoever coordinates: follows redirects and tries the members in turn until
  // `patience` is over.  After kUnknown it may have been written, or may be yet; after any other
  // error nothing was written.
  //
  // An append with a key is sent again, under that key, when its outcome is unknown: it is in the
  // log once (docs/API.md, Keys).  Without a key nothing is sent a second time after such an
  // answer.
  ClientResult<Position> append(std::string entry, Duration patience, IdempotencyKey key = {});
  ClientResult<Position> truncate(Position to, Duration patience);

  // Asks one member, once.
  ClientResult<Entries> read(NodeId member, const ReadRequest& range, Duration patience);
  ClientResult<MemberStatus> status(NodeId member, Duration patience);
  ClientResult<std::optional<Position>> catchup(NodeId member, Duration patience);

  const ClientOptions& options() const { return options_; }

 private:
  ClientResult<Position> write(const Request& request, Duration patience);
  ClientResult<Session*> session(NodeId member, Instant deadline);
  ClientResult<Response> ask(NodeId member, const Request& request, Duration patience);

  ClientOptions options_;
  // Whom the next write goes to: an index into options_.members.
  std::size_t target_ = 0;
  std::map<NodeId, std::unique_ptr<Session>> sessions_;
};

}  // namespace holdfast::real
