#include "properties/panel.h"

#include <string>
#include <utility>

#include "properties/no_abort.h"

namespace holdfast::properties {

Panel::Panel(Members members, Profile profile) : facts_(std::move(members)) {
  for (auto& judge : make_judges({.facts = facts_, .verdict = verdict_}, profile))
    seat(std::move(judge));
}

void Panel::seat(std::unique_ptr<Judge> judge) {
  for (std::size_t kind = 0; kind < by_kind_.size(); ++kind)
    if (judge->kinds().contains(kind)) by_kind_[kind].push_back(judge.get());
  if (&judge->info() == &kProgress) progress_ = static_cast<Progress*>(judge.get());
  if (&judge->info() == &kSteady) steady_ = static_cast<Steady*>(judge.get());
  judges_.push_back(std::move(judge));
}

void Panel::on_event(const Event& e) {
  HOLDFAST_REQUIRE(words_of(e.kind) == e.words.size(), e.kind, e.words.size(), words_of(e.kind));
  if (const auto decision = facts_.apply(e)) {
    for (const auto& judge : judges_)
      judge->on_chosen(e, *decision);
  }
  for (Judge* judge : by_kind_[static_cast<std::size_t>(e.kind)])
    judge->on_event(e);
  if (e.kind == EventKind::kBegin && ++begins_ % kForgetEvery == 0) forget();
}

void Panel::forget() {
  const Position from = facts_.needed_from();
  if (from <= facts_.chosen().forgotten()) return;
  facts_.forget_below(from);
  for (const auto& judge : judges_)
    judge->forget_below(from);
}

void Panel::on_boot(NodeId node) {
  facts_.on_boot(node);
  for (const auto& judge : judges_)
    judge->on_boot(node);
}

void Panel::on_crash(NodeId node) {
  for (const auto& judge : judges_)
    judge->on_crash(node);
  facts_.on_crash(node);
}

void Panel::on_wipe(NodeId node) {
  for (const auto& judge : judges_)
    judge->on_wipe(node);
  facts_.on_wipe(node);
}

void Panel::on_storage_fault(NodeId node) {
  for (const auto& judge : judges_)
    judge->on_storage_fault(node);
}

void Panel::on_heal(std::span<const NodeId> core) {
  for (const auto& judge : judges_)
    judge->on_heal(core);
}

void Panel::on_abort(NodeId node, std::string_view text) {
  verdict_.add({.property = kNoAbort.name,
                .failure = kNoAbort.failure,
                .seq = facts_.seq(),
                .time_ns = facts_.time_ns(),
                .node = node,
                .text = "the process died: " + std::string(text),
                .where = CheckSite::current()});
}

void Panel::finish() {
  for (const auto& judge : judges_)
    judge->finish();
}

std::vector<const PropertyInfo*> Panel::sitting() const {
  std::vector<const PropertyInfo*> infos;
  infos.reserve(judges_.size());
  for (const auto& judge : judges_)
    infos.push_back(&judge->info());
  return infos;
}

}  // namespace holdfast::properties
