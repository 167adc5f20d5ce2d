#include "properties/catalog.h"

#include <array>

#include "properties/agreement.h"
#include "properties/durability.h"
#include "properties/election_completeness.h"
#include "properties/exactly_once.h"
#include "properties/history.h"
#include "properties/learned_is_chosen.h"
#include "properties/monotonic.h"
#include "properties/no_abort.h"
#include "properties/no_holes.h"
#include "properties/once_per_key.h"
#include "properties/progress.h"
#include "properties/real_time_order.h"
#include "properties/refusals.h"
#include "properties/steady.h"
#include "properties/truncation.h"
#include "properties/validity.h"
#include "properties/voting.h"

namespace holdfast::properties {
namespace {

template <typename J>
std::unique_ptr<Judge> make(const Bench& bench) {
  return std::make_unique<J>(bench);
}

constexpr auto kCatalog = std::to_array<CatalogEntry>({
    {&kAgreement, make<Agreement>},
    {&kLearnedIsChosen, make<LearnedIsChosen>},
    {&kVoting, make<Voting>},
    {&kDurability, make<Durability>},
    {&kElectionCompleteness, make<ElectionCompleteness>},
    {&kValidity, make<Validity>},
    {&kExactlyOnce, make<ExactlyOnce>},
    {&kOncePerKey, make<OncePerKey>},
    {&kRealTimeOrder, make<RealTimeOrder>},
    {&kNoHoles, make<NoHoles>},
    {&kRefusals, make<Refusals>},
    {&kTruncation, make<Truncation>},
    {&kMonotonic, make<Monotonic>},
    {&kNoAbort, make<NoAbort>},
    {&kHistory, make<History>},
    {&kProgress, make<Progress>},
    {&kSteady, make<Steady>},
});

}  // namespace

std::span<const CatalogEntry> catalog() {
  return kCatalog;
}

std::vector<std::unique_ptr<Judge>> make_judges(const Bench& bench, Profile profile) {
  std::vector<std::unique_ptr<Judge>> judges;
  for (const CatalogEntry& entry : kCatalog)
    if (sits(*entry.info, profile)) judges.push_back(entry.make(bench));
  return judges;
}

}  // namespace holdfast::properties
