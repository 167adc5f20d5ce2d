#pragma once

// The two hashes of the project: bytes to 64 bits (XXH3), and a mixer for keyed draws and rolling
// fingerprints.  Values go into files and onto the wire, so neither may ever change.

#include <cstdint>
#include <string_view>

namespace holdfast {

// XXH3-64, seed 0.
std::uint64_t hash_bytes(std::string_view bytes);

// One round of a strong 64-bit mixer over a pair; order matters.
constexpr std::uint64_t mix(std::uint64_t a, std::uint64_t b) {
  const unsigned __int128 product =
      static_cast<unsigned __int128>(a ^ 0x9e3779b97f4a7c15ULL) * (b ^ 0xe7037ed1a0b428dbULL);
  const std::uint64_t folded =
      static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
  std::uint64_t x = folded ^ (a + (b << 32 | b >> 32));
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
  return x ^ (x >> 31);
}

}  // namespace holdfast
