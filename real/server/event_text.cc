#include "real/server/event_text.h"

#include <algorithm>
#include <array>

#include "protocol/coordinator.h"
#include "protocol/events.h"

#include "real/client/messages.h"

namespace holdfast::real {
namespace {

constexpr std::size_t kNamesMax = 7;

// How one word is shown.
struct Word {
  std::string_view name;
  enum class As : std::uint8_t { kNumber, kPosition, kFailure, kStatus } as = As::kNumber;
};

struct Names {
  EventKind kind;
  std::array<Word, kNamesMax> words;
};

using As = Word::As;

// Those of protocol/events.h that operators see.
const Names kNames[] = {
    {EventKind::kBooted, {{{"boot"}}}},
    {EventKind::kRestored,
     {{{"status", As::kStatus},
       {"promised"},
       {"begin"},
       {"begin_at", As::kPosition},
       {"end", As::kPosition},
       {"rounds"},
       {"incarnation"}}}},
    {EventKind::kStatus, {{{"status", As::kStatus}, {"incarnation"}, {"promised"}}}},
    {EventKind::kRegistered, {{{"incarnation"}, {"begin"}, {"end", As::kPosition}}}},
    {EventKind::kBegin, {{{"begin"}, {"begin_at", As::kPosition}}}},
    {EventKind::kElecting, {{{"ballot"}}}},
    {EventKind::kElected, {{{"ballot"}, {"end"}}}},
    {EventKind::kElectionLost, {{{"ballot"}, {"why", As::kFailure}}}},
    {EventKind::kSteppedDown, {{{"ballot"}, {"why", As::kFailure}}}},
};

const Names* names_of(EventKind kind) {
  const auto* const found = std::find_if(std::begin(kNames),
                                         std::end(kNames),
                                         [kind](const Names& names) { return names.kind == kind; });
  return found == std::end(kNames) ? nullptr : found;
}

std::string text_of(const Word& word, std::uint64_t value) {
  if (word.as == As::kPosition && value == kNoPosition) return "none";
  if (word.as == As::kFailure) return std::string(failure_text(static_cast<Failure>(value)));
  if (word.as == As::kStatus) return std::string(status_name(static_cast<Status>(value)));
  return std::to_string(value);
}

}  // namespace

bool is_for_operators(EventKind kind) {
  return names_of(kind) != nullptr;
}

Journal::Fields event_fields(const TracedEvent& event) {
  constexpr std::string_view kNumbers[] = {"w0", "w1", "w2", "w3", "w4", "w5", "w6", "w7"};
  const Names* const names = names_of(event.kind);
  Journal::Fields fields;
  for (std::size_t i = 0; i < std::min(event.words.size(), std::size(kNumbers)); ++i) {
    const Word word = names != nullptr && i < kNamesMax && !names->words[i].name.empty()
                          ? names->words[i]
                          : Word{kNumbers[i]};
    fields.push_back({word.name, text_of(word, event.words[i])});
  }
  if (!event.bytes.empty()) fields.push_back({"text", event.bytes});
  return fields;
}

}  // namespace holdfast::real
