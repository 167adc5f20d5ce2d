// The judges against random histories of the reference model: silent on all of them, and never
// silent when one event that matters is spoiled.

#include <algorithm>
#include <functional>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "properties/model_for_test.h"

namespace holdfast::properties {
namespace {

std::string found(const Panel& panel) {
  std::string text;
  for (const Violation& violation : panel.verdict().violations())
    text += violation.describe() + "\n";
  return text;
}

Model random_history() {
  const std::size_t members = *rc::gen::element<std::size_t>(1, 3, 5);
  const std::uint64_t start =
      *rc::gen::element<std::uint64_t>(0, 1, (1ull << 31) - 5, (1ull << 32) - 5, 9'999'999'995);
  Model model(members, start);
  for (const std::uint64_t decision : *rc::gen::container<std::vector<std::uint64_t>>(
           300, rc::gen::resize(100, rc::gen::arbitrary<std::uint64_t>())))
    model.step(decision);
  return model;
}

RC_GTEST_PROP(Model, NoJudgeObjectsToACorrectHistory, ()) {
  const Model model = random_history();
  Panel panel(model.members());
  play(model.tape(), panel);
  RC_LOG() << found(panel);
  RC_ASSERT(panel.verdict().clean());
}

// Spoils the tape at one of the places it fits; false if there is none.
using Spoiler = std::function<bool(Tape&)>;

// Applies `change` to one of the events of `kind` that `fits`.
bool spoil_one(Tape& tape,
               EventKind kind,
               const std::function<bool(const Tape&, std::size_t)>& fits,
               const std::function<void(Tape&, std::size_t)>& change) {
  std::vector<std::size_t> places;
  for (std::size_t i = 0; i < tape.size(); ++i)
    if (tape[i].what == TapeItem::What::kEvent && tape[i].kind == kind && fits(tape, i))
      places.push_back(i);
  if (places.empty()) return false;
  change(tape, *rc::gen::elementOf(places));
  return true;
}

bool anywhere(const Tape&, std::size_t) {
  return true;
}

bool succeeded(const Tape& tape, std::size_t i) {
  return tape[i].words[1] == 0;
}

// The node said an implicit promise before, on the same disk.
bool promised_before(const Tape& tape, std::size_t i) {
  for (std::size_t j = 0; j < i; ++j) {
    const TapeItem& item = tape[j];
    if (item.node == tape[i].node && item.what == TapeItem::What::kEvent &&
        item.kind == EventKind::kPromised && item.words[0] == kNoPosition)
      return true;
  }
  return false;
}

// Something was acknowledged before the election of the node at `i` began.
bool acknowledged_before(const Tape& tape, std::size_t i) {
  bool acknowledged = false;
  bool before = false;
  for (std::size_t j = 0; j < i; ++j) {
    if (tape[j].what != TapeItem::What::kEvent) continue;
    if (tape[j].kind == EventKind::kAppendReturned && tape[j].words[1] == 0) acknowledged = true;
    if (tape[j].kind == EventKind::kElecting && tape[j].node == tape[i].node) before = acknowledged;
  }
  return before;
}

bool has_begun_later(const Tape& tape, std::size_t i) {
  return tape[i].words[1] != kNoPosition;
}

// No record or learned mark of a position at which the node has voted comes back after a crash.
bool is_vote_restored(const Tape& tape, std::size_t i) {
  for (std::size_t j = 0; j < i; ++j) {
    const TapeItem& item = tape[j];
    if (item.node == tape[i].node && item.what == TapeItem::What::kEvent &&
        item.kind == EventKind::kAccepted && item.words[0] == tape[i].words[0])
      return true;
  }
  return false;
}

// Something was acknowledged before the barrier that returns at `i` was called.
bool acknowledged_before_barrier(const Tape& tape, std::size_t i) {
  bool acknowledged = false;
  for (std::size_t j = 0; j < i; ++j) {
    const TapeItem& item = tape[j];
    if (item.what != TapeItem::What::kEvent) continue;
    if (item.kind == EventKind::kAppendReturned && item.words[1] == 0) acknowledged = true;
    if (item.kind == EventKind::kBarrierCalled && item.words[0] == tape[i].words[0]) {
      return acknowledged;
    }
  }
  return false;
}

// The append returned a position that an earlier call with its key was told.
bool is_answered_from_its_key(const Tape& tape, std::size_t i) {
  for (std::size_t j = 0; j < i; ++j) {
    const TapeItem& item = tape[j];
    if (item.what == TapeItem::What::kEvent && item.kind == EventKind::kAppendReturned &&
        item.words[1] == 0 && item.words[2] == tape[i].words[2])
      return succeeded(tape, i);
  }
  return false;
}

// Calls of, and events about, the value of a later append are about that of an earlier one: the
// entry was written again under its key.
bool write_again(Tape& tape) {
  std::vector<std::size_t> calls;
  std::vector<std::uint64_t> decided;
  for (std::size_t i = 0; i < tape.size(); ++i) {
    if (tape[i].what != TapeItem::What::kEvent) continue;
    if (tape[i].kind == EventKind::kTruncateCalled) return false;
    if (tape[i].kind == EventKind::kAppendCalled) calls.push_back(i);
    if (tape[i].kind == EventKind::kChosen) decided.push_back(tape[i].words[3]);
  }
  const auto chosen = [&](std::size_t call) {
    return std::find(decided.begin(), decided.end(), tape[call].words[1]) != decided.end();
  };
  std::erase_if(calls, [&](std::size_t call) { return !chosen(call); });
  for (const std::size_t second : calls) {
    const TapeItem first = tape[calls.front()];
    const std::uint64_t digest = tape[second].words[1];
    if (digest == first.words[1]) continue;
    for (TapeItem& item : tape) {
      if (item.what != TapeItem::What::kEvent) continue;
      if (item.kind == EventKind::kAppendCalled && item.words[1] == digest) {
        item.words[2] = first.words[2];
        item.words[3] = first.words[3];
      }
      std::replace(item.words.begin(), item.words.end(), digest, first.words[1]);
    }
    return true;
  }
  return false;
}

void flip_digest(Tape& tape, std::size_t i, std::size_t word) {
  tape[i].words[word] ^= 0x5555;
}

void drop(Tape& tape, std::size_t i) {
  tape.erase(tape.begin() + static_cast<std::ptrdiff_t>(i));
}

// Only one member ever voted for the position.
void drop_votes(Tape& tape, std::size_t chosen, std::size_t keep) {
  const std::uint64_t p = tape[chosen].words[0];
  std::size_t kept = 0;
  std::erase_if(tape, [&](const TapeItem& item) {
    return item.what == TapeItem::What::kEvent && item.kind == EventKind::kAccepted &&
           item.words[0] == p && ++kept > keep;
  });
}

std::vector<Spoiler> spoilers(std::size_t quorum) {
  using K = EventKind;
  return {
      [](Tape& t) {
        return spoil_one(t, K::kLearned, anywhere, [](Tape& s, std::size_t i) {
          s[i].words[1] &= ~std::uint64_t{2};  // No tombstone: those stand for any value.
          flip_digest(s, i, 2);
        });
      },
      [](Tape& t) {
        return spoil_one(
            t, K::kChosen, anywhere, [](Tape& s, std::size_t i) { flip_digest(s, i, 3); });
      },
      [](Tape& t) {
        return spoil_one(t, K::kProposed, anywhere, [](Tape& s, std::size_t i) {
          s[i].words[2] = 2u << 8;  // An APPEND.
          flip_digest(s, i, 3);
        });
      },
      [quorum](Tape& t) {
        return spoil_one(t, K::kChosen, anywhere, [quorum](Tape& s, std::size_t i) {
          drop_votes(s, i, quorum - 1);
        });
      },
      [](Tape& t) {
        return spoil_one(t, K::kAppendReturned, succeeded, [](Tape& s, std::size_t i) {
          s[i].words[2] += 1000;
        });
      },
      [](Tape& t) { return spoil_one(t, K::kReadEntry, anywhere, drop); },
      [](Tape& t) {
        return spoil_one(
            t, K::kReadEntry, anywhere, [](Tape& s, std::size_t i) { flip_digest(s, i, 2); });
      },
      [](Tape& t) {
        return spoil_one(
            t, K::kRestored, promised_before, [](Tape& s, std::size_t i) { s[i].words[1] = 0; });
      },
      [](Tape& t) {
        return spoil_one(t, K::kElected, acknowledged_before, [](Tape& s, std::size_t i) {
          s[i].words[1] = kNoPosition;
        });
      },
      [](Tape& t) {
        return spoil_one(
            t, K::kBegin, has_begun_later, [](Tape& s, std::size_t i) { s[i].words[0] += 1; });
      },
      [](Tape& t) { return spoil_one(t, K::kRestoredAction, is_vote_restored, drop); },
      [](Tape& t) { return spoil_one(t, K::kAppendCalled, anywhere, drop); },
      [](Tape& t) {
        return spoil_one(
            t, K::kBarrierReturned, acknowledged_before_barrier, [](Tape& s, std::size_t i) {
              s[i].words[2] = kNoPosition;
            });
      },
      [](Tape& t) {
        return spoil_one(
            t, K::kBarrierReturned, anywhere, [](Tape& s, std::size_t i) { s[i].words[2] += 1; });
      },
      [](Tape& t) {
        return spoil_one(
            t, K::kAppendReturned, is_answered_from_its_key, [](Tape& s, std::size_t i) {
              s[i].words[2] += 1;
            });
      },
      write_again,
  };
}

RC_GTEST_PROP(Model, OneSpoiledEventIsFlagged, ()) {
  const Model model = random_history();
  const auto all = spoilers(model.members().quorum);
  const auto which = *rc::gen::resize(100, rc::gen::inRange<std::size_t>(0, all.size()));
  Tape tape = model.tape();
  RC_TAG(which);
  RC_PRE(all[which](tape));
  Panel panel(model.members());
  play(tape, panel);
  RC_ASSERT(!panel.verdict().clean());
}

}  // namespace
}  // namespace holdfast::properties
