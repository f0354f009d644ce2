// Memory of a world. It is made of very many small pieces that live for a moment, and one thread plays it: what is
// given back waits in a list of its size and is the next that is given out. Nothing goes back to the system, so a job
// stays as large as its largest schedule.
//
// Not in a build that looks for mistakes: a sanitizer wants to see every piece itself.
#if defined(NDEBUG) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)

#include <array>
#include <cstddef>
#include <cstdlib>
#include <new>
#include <utility>

namespace {

constexpr std::size_t fine = 16, small = 1024;     // sizes up to here in steps of this
constexpr std::size_t coarse = 512, most = 32768;  // and these up to there; what is larger is the system's
constexpr std::size_t slab = 1 << 20;
constexpr std::size_t not_ours = 0;

/// Stands before each piece.
struct alignas(16) Head {
  std::size_t list;
};
struct Waiting {
  Waiting* next;
};

constinit std::array<Waiting*, 1 + small / fine + most / coarse> lists{};
constinit char *rest = nullptr, *rest_end = nullptr;

void* from_system(std::size_t bytes) {
  void* found = std::malloc(bytes);
  if (!found) throw std::bad_alloc();
  return found;
}

void* with_head(void* at, std::size_t list) { return ::new (at) Head{list} + 1; }

/// Of a size of which none waits.
void* cut(std::size_t list, std::size_t bytes) {
  const std::size_t whole = sizeof(Head) + bytes;
  if (static_cast<std::size_t>(rest_end - rest) < whole) {
    rest = static_cast<char*>(from_system(slab));
    rest_end = rest + slab;
  }
  return with_head(std::exchange(rest, rest + whole), list);
}

}  // namespace

void* operator new(std::size_t bytes) {
  if (bytes > most) return with_head(from_system(sizeof(Head) + bytes), not_ours);
  const bool is_small = bytes <= small;
  const std::size_t step = is_small ? fine : coarse, steps = bytes ? (bytes + step - 1) / step : 1;
  const std::size_t list = is_small ? steps : small / fine + steps;
  auto* waiting = lists[list];
  if (!waiting) return cut(list, steps * step);
  lists[list] = waiting->next;
  return waiting;
}

void operator delete(void* piece) noexcept {
  if (!piece) return;
  auto* head = static_cast<Head*>(piece) - 1;
  if (head->list == not_ours) return std::free(head);
  lists[head->list] = ::new (piece) Waiting{lists[head->list]};
}

void operator delete(void* piece, std::size_t) noexcept { operator delete(piece); }

#endif
