#pragma once
// So many at a time, in the order in which they came: what holds descriptors waits for its turn, instead of failing for
// want of them.
//
//   Places::Seat seat(places, 4);   // in the line from here on
//   co_await seat.taken();          // now it is our turn, until `seat` goes
//   places.close();                 // nobody gets a seat from here on, until open()
#include <algorithm>
#include <cstddef>
#include <list>

#include "daemon/runtime/wake.hpp"

namespace readback {

class Places {
 public:
  Places(net::any_io_executor loop, std::size_t all) : loop_(std::move(loop)), all_(all), free_(all) {}
  std::size_t all() const { return all_; }
  void close() { is_open_ = false; }
  void open() {
    is_open_ = true;
    call_first();
  }

  /// Of one loop, and gone before the places are. Who wants more than there are gets all of them.
  class Seat {
   public:
    Seat(Places& places, std::size_t wanted)
        : places_(places), wanted_(std::min(wanted, places.all_)), turn_(places.loop_) {
      at_ = places.line_.insert(places.line_.end(), this);
    }
    ~Seat() {
      if (waits_)
        places_.line_.erase(at_);
      else
        places_.free_ += wanted_;
      places_.call_first();
    }
    Seat(const Seat&) = delete;
    Seat& operator=(const Seat&) = delete;

    net::awaitable<void> taken() {
      while (places_.line_.front() != this || places_.free_ < wanted_ || !places_.is_open_) co_await turn_.wait();
      places_.line_.erase(at_);
      waits_ = false;
      places_.free_ -= wanted_;
      places_.call_first();  // perhaps there is room for the next one too
    }

   private:
    Places& places_;
    const std::size_t wanted_;
    Wake turn_;
    std::list<Seat*>::iterator at_;
    bool waits_ = true;
    friend class Places;
  };

 private:
  void call_first() {
    if (!line_.empty()) line_.front()->turn_.notify();
  }

  net::any_io_executor loop_;
  const std::size_t all_;
  std::size_t free_;
  bool is_open_ = true;
  std::list<Seat*> line_;
};

}  // namespace readback
