#include "properties/event.h"

#include <algorithm>
#include <array>
#include <utility>

namespace holdfast::properties {
namespace {

using Count = std::pair<EventKind, std::size_t>;

// What protocol/events.h lists beside each kind.
constexpr auto kWords = std::to_array<Count>({
    {EventKind::kBooted, 1},
    {EventKind::kRestored, 7},
    {EventKind::kRestoredLearned, 2},
    {EventKind::kRestoredAction, 5},
    {EventKind::kStopped, 1},
    {EventKind::kPromised, 2},
    {EventKind::kAccepted, 4},
    {EventKind::kLearned, 4},
    {EventKind::kBegin, 2},
    {EventKind::kRefused, 3},
    {EventKind::kStatus, 3},
    {EventKind::kKnown, 3},
    {EventKind::kVouched, 3},
    {EventKind::kRegistered, 3},
    {EventKind::kElecting, 1},
    {EventKind::kElected, 2},
    {EventKind::kElectionLost, 2},
    {EventKind::kSteppedDown, 2},
    {EventKind::kCanvassing, 1},
    {EventKind::kCanvassed, 2},
    {EventKind::kHandedOver, 2},
    {EventKind::kProposed, 4},
    {EventKind::kChosen, 4},
    {EventKind::kCatchingUp, 2},
    {EventKind::kCaughtUp, 2},
    {EventKind::kAppendCalled, 4},
    {EventKind::kAppendReturned, 3},
    {EventKind::kTruncateCalled, 2},
    {EventKind::kTruncateReturned, 3},
    {EventKind::kElectCalled, 1},
    {EventKind::kElectReturned, 3},
    {EventKind::kReadCalled, 3},
    {EventKind::kReadEntry, 3},
    {EventKind::kReadReturned, 4},
    {EventKind::kCatchupCalled, 1},
    {EventKind::kCatchupReturned, 3},
    {EventKind::kReadRefused, 3},
    {EventKind::kBarrierCalled, 1},
    {EventKind::kBarrierReturned, 3},
    {EventKind::kAwaitCalled, 2},
    {EventKind::kAwaitReturned, 3},
});

constexpr auto make_table() {
  std::array<std::size_t, KindSet::kCapacity> table{};
  table.fill(kUnknownKind);
  for (const auto& [kind, words] : kWords)
    table[static_cast<std::size_t>(kind)] = words;
  return table;
}

constexpr auto kTable = make_table();

#define HOLDFAST_COUNT_KIND(name, number, text) +1
static_assert(kWords.size() == 0 HOLDFAST_EVENTS(HOLDFAST_COUNT_KIND),
              "a kind of protocol/events.h has no word count here");
#undef HOLDFAST_COUNT_KIND

}  // namespace

std::size_t words_of(EventKind kind) {
  const auto number = static_cast<std::size_t>(kind);
  return number < kTable.size() ? kTable[number] : kUnknownKind;
}

}  // namespace holdfast::properties
