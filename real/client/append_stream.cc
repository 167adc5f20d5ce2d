#include "real/client/append_stream.h"

#include <algorithm>
#include <utility>

#include <poll.h>

#include "protocol/env/check.h"

#include "real/client/codec.h"
#include "real/client/retry.h"
#include "real/ports/framing.h"
#include "real/ports/monotonic.h"

namespace holdfast::real {
namespace {

// Encoded and not yet sent: enough to keep a connection busy.
constexpr std::size_t kOutBytes = 1 << 20;

}  // namespace

AppendStream::AppendStream(ClientOptions options, Duration patience)
    : options_(std::move(options)),
      patience_(patience) {
  HOLDFAST_REQUIRE(!options_.members.empty());
}

AppendStream::~AppendStream() = default;

void AppendStream::append(std::string entry, IdempotencyKey key, Done done) {
  HOLDFAST_REQUIRE(key != IdempotencyKey{});
  pending_.emplace(++last_id_,
                   Pending{.entry = std::make_shared<const std::string>(std::move(entry)),
                           .key = key,
                           .deadline = monotonic_now() + patience_,
                           .done = std::move(done)});
}

void AppendStream::wait(Instant until) {
  const std::size_t before = pending_.size();
  const std::uint64_t last = last_id_;
  while (true) {
    progress();
    if (pending_.empty() || pending_.size() < before || last_id_ != last) return;
    if (monotonic_now() >= until) return;
    const Instant wake = std::min(until, wake_at());
    if (socket_ != nullptr) {
      const auto wrong = socket_->wait(events(), wake);
      if (!wrong.empty()) disconnect({.kind = ErrorKind::kBroken, .text = wrong});
    } else {
      sleep_until(wake);
    }
  }
}

int AppendStream::handle() const {
  return socket_ != nullptr ? socket_->handle() : -1;
}

short AppendStream::events() const {
  const bool more = out_sent_ < out_.size() || next_to_send_ <= last_id_;
  return more ? POLLIN | POLLOUT : POLLIN;
}

Instant AppendStream::wake_at() const {
  if (pending_.empty()) return Instant::never();
  const Instant deadline = pending_.begin()->second.deadline;
  if (socket_ == nullptr) return std::min(deadline, connect_at_);
  return silent_since_ ? std::min(deadline, *silent_since_ + options_.silence) : deadline;
}

void AppendStream::progress() {
  expire();
  if (socket_ == nullptr && !pending_.empty() && monotonic_now() >= connect_at_) connect();
  if (socket_ != nullptr) transfer();
  // After what has arrived was looked at: a program may have been busy for longer than that.
  leave_silent();
}

void AppendStream::connect() {
  const ClientOptions::Member& member = options_.members[target_];
  const Hello hello{.party = Party::kClient,
                    .cluster = options_.cluster,
                    .log = options_.log,
                    .receiver = member.id};
  auto opened = ClientSocket::open(
      member.address, hello, monotonic_now() + options_.connect_deadline, options_.tls);
  if (!opened) return disconnect(opened.error());
  socket_ = std::move(*opened);
}

// All that is outstanding will be sent again, to whoever is next.
void AppendStream::disconnect(const Failed& why) {
  socket_ = nullptr;
  silent_since_.reset();
  out_.clear();
  out_sent_ = 0;
  next_to_send_ = pending_.empty() ? last_id_ + 1 : pending_.begin()->first;
  for (auto& [id, pending] : pending_) {
    pending.refusal = why;
    pending.sent_before |= std::exchange(pending.sent, false);
  }
  choose_next(why);
}

// A pause is due after every member was asked, and when the same one is asked again.
void AppendStream::choose_next(const Failed& why) {
  const std::size_t before = target_;
  target_ = next_target(options_, target_, why);
  ++refusals_;
  connect_at_ = monotonic_now();
  if (target_ == before || refusals_ % options_.members.size() == 0) {
    connect_at_ = connect_at_ + drawn_pause(options_.pause);
  }
}

void AppendStream::encode_new() {
  if (out_sent_ == out_.size()) {
    out_.clear();
    out_sent_ = 0;
  }
  for (auto at = pending_.lower_bound(next_to_send_);
       at != pending_.end() && out_.size() < kOutBytes;) {
    Pending& pending = at->second;
    const std::uint64_t id = at->first;
    ++at;
    const Duration left = pending.deadline - monotonic_now();
    const std::string frame = encode({.id = id,
                                      .patience = std::max(left, Duration::milliseconds(1)),
                                      .body = AppendRequest{pending.entry, pending.key}});
    next_to_send_ = id + 1;
    if (frame.size() > socket_->frame_bytes_max()) {
      fail(id,
           {.kind = ErrorKind::kTooLarge,
            .text = "the member reads at most " + std::to_string(socket_->frame_bytes_max()) +
                    " bytes in one request"});
      continue;
    }
    pending.sent = true;
    if (!silent_since_) silent_since_ = monotonic_now();
    const auto header = frame_header(frame.size());
    out_.append(header.data(), header.size()).append(frame);
  }
}

void AppendStream::transfer() {
  const auto broken = [this](const std::string& wrong) {
    disconnect({.kind = ErrorKind::kBroken, .text = wrong});
  };
  bool heard = false;
  while (socket_ != nullptr) {
    Frame frame;
    if (const auto wrong = socket_->receive_some(frame); !wrong.empty()) return broken(wrong);
    if (!frame) break;
    const auto response = decode_response(*frame);
    if (!response) return broken(response.error());
    take(*response);
    heard = true;
  }
  if (socket_ == nullptr) return;
  if (heard) silent_since_ = is_owed() ? std::optional(monotonic_now()) : std::nullopt;
  encode_new();
  std::string_view left = std::string_view(out_).substr(out_sent_);
  const auto wrong = socket_->send_some(left);
  out_sent_ = out_.size() - left.size();
  if (!wrong.empty()) broken(wrong);
}

// Whether the member has something to answer yet.
bool AppendStream::is_owed() const {
  return !pending_.empty() && pending_.begin()->first < next_to_send_;
}

void AppendStream::take(const Response& response) {
  if (!pending_.contains(response.id)) {
    // Its time was up.
    if (response.id <= last_id_) return;
    return disconnect({.kind = ErrorKind::kBroken, .text = "an answer to no question of ours"});
  }
  if (const auto* written = std::get_if<Written>(&response.body)) {
    refusals_ = 0;
    finish(response.id, written->position);
  } else if (const auto* failed = std::get_if<Failed>(&response.body)) {
    refused(response.id, *failed);
  } else {
    disconnect({.kind = ErrorKind::kBroken, .text = "the member answered another question"});
  }
}

void AppendStream::refused(std::uint64_t id, const Failed& failed) {
  // Whoever refuses one for now will refuse the others.
  if (is_passing(failed.kind) || failed.kind == ErrorKind::kUnknown) return disconnect(failed);
  pending_.at(id).sent = false;
  fail(id, failed);
}

// A refusal says nothing about what was sent before it.
void AppendStream::fail(std::uint64_t id, Failed failed) {
  const Pending& pending = pending_.at(id);
  if (pending.sent || pending.sent_before) {
    failed.text =
        "it may be in the log, or come into it yet; the last that was heard: " + failed.text;
    failed.kind = ErrorKind::kUnknown;
  }
  finish(id, tl::unexpected(std::move(failed)));
}

void AppendStream::finish(std::uint64_t id, const ClientResult<Position>& result) {
  const Done done = std::move(pending_.at(id).done);
  pending_.erase(id);
  done(result);
}

// Deadlines rise with the ids.
void AppendStream::expire() {
  while (!pending_.empty() && pending_.begin()->second.deadline <= monotonic_now()) {
    const auto& [id, pending] = *pending_.begin();
    fail(id,
         pending.sent ? Failed{.kind = ErrorKind::kDeadline, .text = "no answer in time"}
                      : pending.refusal);
  }
}

// What it was asked may have arrived: with the same keys it is in the log once all the same.
void AppendStream::leave_silent() {
  if (pending_.empty() || !silent_since_) return;
  if (monotonic_now() < *silent_since_ + options_.silence) return;
  disconnect({.kind = ErrorKind::kBroken,
              .text = options_.members[target_].address.text() + ": no answer in time"});
}

}  // namespace holdfast::real
