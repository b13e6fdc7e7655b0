// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import Wire

/// Whether a text is well-formed UTF-8.
func isUTF8(_ text: [UInt8]) -> Bool {
    (try? UTF8Span(validating: text.span)) != nil
}

/// The string between quotation marks that a scanner has found to be well-formed; nil if the first byte is none.
///
/// Half a surrogate pair stands for no character: it is read as U+FFFD.
func unquoted(_ quoted: ArraySlice<UInt8>) -> String? {
    guard quoted.count >= 2, quoted.first == UInt8(ascii: "\"") else { return nil }
    let inner = quoted.dropFirst().dropLast()
    guard inner.contains(UInt8(ascii: "\\")) else { return String(decoding: inner, as: UTF8.self) }
    var units: [UInt16] = []
    units.reserveCapacity(inner.count)
    var rest = inner
    while let slash = rest.firstIndex(of: UInt8(ascii: "\\")) {
        units.append(contentsOf: String(decoding: rest[..<slash], as: UTF8.self).utf16)
        rest = rest[slash...].dropFirst()
        units.append(escapedUnit(&rest))
    }
    units.append(contentsOf: String(decoding: rest, as: UTF8.self).utf16)
    return String(decoding: units, as: UTF16.self)
}

/// Consumes what follows a backslash.
private func escapedUnit(_ rest: inout ArraySlice<UInt8>) -> UInt16 {
    switch rest.popFirst() {
    case UInt8(ascii: "b"): return 0x08
    case UInt8(ascii: "f"): return 0x0C
    case UInt8(ascii: "n"): return 0x0A
    case UInt8(ascii: "r"): return 0x0D
    case UInt8(ascii: "t"): return 0x09
    case UInt8(ascii: "u"):
        var unit: UInt16 = 0
        for digit in rest.prefix(4) { unit = unit << 4 | UInt16(hexadecimalDigit(digit) ?? 0) }
        rest = rest.dropFirst(4)
        return unit
    case let byte: return UInt16(byte ?? 0)
    }
}

/// Appends a string as JSON writes it.
func appendQuoted(_ string: String, to text: inout [UInt8]) {
    text.append(UInt8(ascii: "\""))
    for byte in string.utf8 {
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"):
            text.append(UInt8(ascii: "\\"))
            text.append(byte)
        case 0x0A:
            text.append(contentsOf: [UInt8(ascii: "\\"), UInt8(ascii: "n")])
        case 0..<0x20:
            text.append(contentsOf: "\\u00\(hexadecimal([byte]))".utf8)
        default:
            text.append(byte)
        }
    }
    text.append(UInt8(ascii: "\""))
}
