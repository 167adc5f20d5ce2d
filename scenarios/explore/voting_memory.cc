#include "scenarios/explore/voting_memory.h"

#include <cstring>

#include "protocol/env/check.h"

namespace holdfast::scenarios {
namespace {

// Both go through the same fields in the same order.
class Writer {
 public:
  void number(std::uint64_t x) { bytes_.append(reinterpret_cast<const char*>(&x), sizeof x); }

  std::string take() { return std::move(bytes_); }

 private:
  std::string bytes_;
};

class Reader {
 public:
  explicit Reader(const std::string& bytes) : bytes_(bytes) {}

  std::uint64_t number() {
    std::uint64_t x = 0;
    HOLDFAST_REQUIRE(at_ + sizeof x <= bytes_.size(), at_, bytes_.size());
    std::memcpy(&x, bytes_.data() + at_, sizeof x);
    at_ += sizeof x;
    return x;
  }

 private:
  const std::string& bytes_;
  std::size_t at_ = 0;
};

void write(Writer& out, const VotingMemory::Numbers& numbers) {
  out.number(numbers.size());
  for (const std::uint16_t n : numbers)
    out.number(n);
}

VotingMemory::Numbers read_numbers(Reader& in) {
  VotingMemory::Numbers numbers(in.number());
  for (std::uint16_t& n : numbers)
    n = static_cast<std::uint16_t>(in.number());
  return numbers;
}

void write(Writer& out, const VotingMemory::Acceptor& acceptor) {
  out.number(acceptor.promised);
  out.number(acceptor.spots.size());
  for (const auto& [position, spot] : acceptor.spots) {
    out.number(position);
    out.number(spot.promised);
    out.number(spot.votes.size());
    for (const auto& [ballot, vote] : spot.votes) {
      out.number(ballot);
      out.number(vote.value);
      write(out, vote.known);
    }
  }
}

VotingMemory::Acceptor read_acceptor(Reader& in) {
  VotingMemory::Acceptor acceptor{.promised = in.number(), .spots = {}};
  for (std::uint64_t n = in.number(); n > 0; --n) {
    VotingMemory::Spot& spot = acceptor.spots[in.number()];
    spot.promised = in.number();
    for (std::uint64_t votes = in.number(); votes > 0; --votes) {
      VotingMemory::Vote& vote = spot.votes[in.number()];
      vote.value = in.number();
      vote.known = read_numbers(in);
    }
  }
  return acceptor;
}

void write(Writer& out, const VotingMemory::Member& member) {
  out.number(member.incarnation);
  out.number(member.voting ? 1 : 0);
  write(out, member.known);
  write(out, member.stored);
  out.number(member.begin);
  out.number(member.acceptors.size());
  for (const auto& [incarnation, acceptor] : member.acceptors) {
    out.number(incarnation);
    write(out, acceptor);
  }
}

VotingMemory::Member read_member(Reader& in) {
  VotingMemory::Member member;
  member.incarnation = static_cast<std::uint16_t>(in.number());
  member.voting = in.number() != 0;
  member.known = read_numbers(in);
  member.stored = read_numbers(in);
  member.begin = in.number();
  for (std::uint64_t n = in.number(); n > 0; --n) {
    const auto incarnation = static_cast<std::uint16_t>(in.number());
    member.acceptors[incarnation] = read_acceptor(in);
  }
  return member;
}

}  // namespace

std::string VotingMemory::bytes() const {
  Writer out;
  out.number(members.size());
  for (const Member& member : members)
    write(out, member);
  out.number(chosen.size());
  for (const auto& [position, value] : chosen) {
    out.number(position);
    out.number(value.value);
    out.number(value.flags);
    out.number(value.ballot);
  }
  out.number(begin);
  out.number(acknowledged ? *acknowledged + 1 : 0);
  out.number(calls.size());
  for (const auto& [op, call] : calls) {
    out.number(op);
    out.number(call.value);
    out.number(call.acknowledged ? *call.acknowledged + 1 : 0);
    out.number(call.failed ? 1 : 0);
  }
  out.number(retried.size());
  for (const Digest value : retried)
    out.number(value);
  return out.take();
}

VotingMemory VotingMemory::of(const std::string& bytes) {
  Reader in(bytes);
  VotingMemory memory;
  for (std::uint64_t n = in.number(); n > 0; --n)
    memory.members.push_back(read_member(in));
  for (std::uint64_t n = in.number(); n > 0; --n) {
    Chosen& chosen = memory.chosen[in.number()];
    chosen.value = in.number();
    chosen.flags = in.number();
    chosen.ballot = in.number();
  }
  memory.begin = in.number();
  if (const std::uint64_t position = in.number(); position > 0) {
    memory.acknowledged = position - 1;
  }
  for (std::uint64_t n = in.number(); n > 0; --n) {
    Call& call = memory.calls[in.number()];
    call.value = in.number();
    if (const std::uint64_t position = in.number(); position > 0) call.acknowledged = position - 1;
    call.failed = in.number() != 0;
  }
  for (std::uint64_t n = in.number(); n > 0; --n)
    memory.retried.insert(in.number());
  return memory;
}

}  // namespace holdfast::scenarios
