// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0
import Wire
import Glibc
@_silgen_name("LLVMFuzzerRunDriver")
func LLVMFuzzerRunDriver(
    _: UnsafeMutablePointer<CInt>,
    _: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>>,
    _: @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt
) -> CInt
var argc = CommandLine.argc
var argv = CommandLine.unsafeArgv
exit(LLVMFuzzerRunDriver(&argc, &argv) { p, n in
    let text = String(decoding: UnsafeBufferPointer(start: p, count: n), as: UTF8.self)
    if let a = IPAddress(text) { precondition(IPAddress(a.description) == a) }
    return 0
})
