// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import FuzzDriver
import Wire

// Whatever comes in, what goes out can be shown: no control characters, a bounded length, and nothing left to escape.
fuzz { bytes in
    for whitespace in [SafeText.Whitespace.escaped, .kept] {
        let safe = SafeText(bytes, whitespace: whitespace).string
        require(safe.utf8.count <= 4 * bytes.count, "\(safe.utf8.count) bytes from \(bytes.count)")
        for scalar in safe.unicodeScalars {
            switch scalar.properties.generalCategory {
            case .control:
                require(whitespace == .kept && (scalar == "\n" || scalar == "\t"), "\(scalar.value)")
            case .lineSeparator, .paragraphSeparator, .surrogate:
                fail("\(scalar.value)")
            default:
                require(!scalar.properties.isBidiControl, "\(scalar.value)")
            }
        }
        requireEqual(SafeText(safe, whitespace: whitespace).string, safe)
    }
    requireScalars(in: bytes)
}

/// Walks over well-formed UTF-8 scalar by scalar, and compares with what the standard library says is well-formed.
private func requireScalars(in bytes: Span<UInt8>) {
    var index = 0
    while index < bytes.count, let length = lengthOfUTF8Scalar(in: bytes, at: index) {
        index += length
    }
    let isWhole = String(validating: [UInt8](copying: bytes), as: UTF8.self) != nil
    requireEqual(index == bytes.count, isWhole)
}
