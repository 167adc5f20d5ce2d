#include "real/client/client.h"

#include <algorithm>
#include <utility>

#include "protocol/env/check.h"

#include "real/client/retry.h"
#include "real/ports/monotonic.h"

namespace holdfast::real {
namespace {

// The answer that was asked for, or why there is none.
template <typename Answer>
ClientResult<Answer> answer_of(ClientResult<Response> response) {
  if (!response) return tl::unexpected(std::move(response.error()));
  if (auto* answer = std::get_if<Answer>(&response->body)) return std::move(*answer);
  if (auto* failed = std::get_if<Failed>(&response->body))
    return tl::unexpected(std::move(*failed));
  return tl::unexpected(
      Failed{.kind = ErrorKind::kBroken, .text = "the member answered another question"});
}

}  // namespace

Client::Client(ClientOptions options) : options_(std::move(options)) {
  HOLDFAST_REQUIRE(!options_.members.empty());
}

Client::~Client() = default;

ClientResult<Position> Client::append(std::string entry, Duration patience, IdempotencyKey key) {
  return write({.body = AppendRequest{std::make_shared<const std::string>(std::move(entry)), key}},
               patience);
}

ClientResult<Position> Client::truncate(Position to, Duration patience) {
  return write({.body = TruncateRequest{to}}, patience);
}

ClientResult<Position> Client::write(const Request& request, Duration patience) {
  const Instant deadline = monotonic_now() + patience;
  const auto* const append = std::get_if<AppendRequest>(&request.body);
  const bool keyed = append != nullptr && append->key != IdempotencyKey{};
  std::optional<Failed> unknown;
  // A pause is due after every member was asked, and when the same one is asked again.
  for (std::size_t asked = 1;; ++asked) {
    const std::size_t target = target_;
    const Duration left = deadline - monotonic_now();
    auto written = answer_of<Written>(
        ask(options_.members[target].id, request, keyed ? std::min(left, options_.silence) : left));
    if (written) return written->position;
    Failed& failed = written.error();
    if (failed.kind == ErrorKind::kBroken) failed.kind = ErrorKind::kUnknown;
    if (failed.kind == ErrorKind::kUnknown) unknown = failed;
    const bool again = is_passing(failed.kind) || (keyed && failed.kind == ErrorKind::kUnknown);
    // A later refusal says nothing about what was sent before it.
    if (!again) return tl::unexpected(unknown.value_or(failed));
    target_ = next_target(options_, target_, failed);
    if (target_ == target || asked % options_.members.size() == 0) {
      sleep_until(std::min(monotonic_now() + drawn_pause(options_.pause), deadline));
    }
    if (monotonic_now() >= deadline) return tl::unexpected(unknown.value_or(failed));
  }
}

ClientResult<Entries> Client::read(NodeId member, const ReadRequest& range, Duration patience) {
  return answer_of<Entries>(ask(member, {.body = range}, patience));
}

ClientResult<MemberStatus> Client::status(NodeId member, Duration patience) {
  return answer_of<MemberStatus>(ask(member, {.body = StatusRequest{}}, patience));
}

ClientResult<std::optional<Position>> Client::catchup(NodeId member, Duration patience) {
  const auto caught_up = answer_of<CaughtUp>(ask(member, {.body = CatchupRequest{}}, patience));
  if (!caught_up) return tl::unexpected(caught_up.error());
  return caught_up->upto;
}

ClientResult<Response> Client::ask(NodeId member, const Request& request, Duration patience) {
  const Instant deadline = monotonic_now() + patience;
  const auto open = session(member, deadline);
  if (!open) return tl::unexpected(open.error());
  auto response = (*open)->call(request, deadline);
  if (!response && response.error().kind == ErrorKind::kBroken) sessions_.erase(member);
  return response;
}

ClientResult<Session*> Client::session(NodeId member, Instant deadline) {
  auto& open = sessions_[member];
  if (open != nullptr && open->is_alive()) return open.get();
  open = nullptr;
  const auto at = std::find_if(options_.members.begin(),
                               options_.members.end(),
                               [member](const auto& entry) { return entry.id == member; });
  HOLDFAST_REQUIRE(at != options_.members.end(), member);
  const Hello hello{.party = Party::kClient,
                    .cluster = options_.cluster,
                    .log = options_.log,
                    .receiver = member};
  auto opened = Session::open(at->address,
                              hello,
                              std::min(deadline, monotonic_now() + options_.connect_deadline),
                              options_.tls);
  if (!opened) return tl::unexpected(opened.error());
  open = std::move(*opened);
  return open.get();
}

}  // namespace holdfast::real
