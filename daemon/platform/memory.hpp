#pragma once
// What was needed once is given back to the kernel: its pages would count as ours for as long as we run. A start reads
// the whole configuration, opens everything and looks up every name; a large answer is made of many times as much.

namespace readback {

/// Free memory of the heap, and the pages of programs and libraries that nothing has been written to: what is needed
/// after all comes back from the file, at some tenths of a microsecond a page. From any thread, at any time.
void give_back_memory();

/// Free memory of the heap alone: after what took much of it at once.
void give_back_heap();

}  // namespace readback
