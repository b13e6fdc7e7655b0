// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import FileTransfer
import Wire

/// Parses bytes that nothing else holds.
func parse(_ bytes: [UInt8]) throws(TransferMessageError) -> TransferMessage {
    try TransferMessage(parsing: bytes.span)
}

/// The digest of bytes that nothing else holds.
func digest(of bytes: [UInt8]) -> Digest256 {
    Digest256(of: bytes.span)
}

extension TransferSender {
    mutating func handle(_ bytes: [UInt8]) {
        self.handle(bytes.span)
    }

    mutating func supply(_ bytes: [UInt8]) {
        self.supply(bytes.span)
    }
}

extension TransferReceiver {
    mutating func handle(_ bytes: [UInt8]) {
        self.handle(bytes.span)
    }
}
