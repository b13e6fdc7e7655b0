// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Hands the command line to libFuzzer, which calls `body` with one input after the other.
///
/// `body` must do the same for the same bytes, and traps (`precondition`) when what it checks does not hold.
package func fuzz(_ body: @escaping (Span<UInt8>) -> Void) -> Never {
    entry = body
    var count = CommandLine.argc
    var arguments = CommandLine.unsafeArgv
    exit(
        runDriver(&count, &arguments) { bytes, count in
            entry(Span(_unsafeElements: UnsafeBufferPointer(start: bytes, count: count)))
            return 0
        }
    )
}

/// What libFuzzer calls back; a C function captures nothing.
private nonisolated(unsafe) var entry: (Span<UInt8>) -> Void = { _ in }

@_silgen_name("LLVMFuzzerRunDriver")
private func runDriver(
    _ count: UnsafeMutablePointer<CInt>,
    _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>>,
    _ body: @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt
) -> CInt
