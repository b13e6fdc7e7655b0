// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import MDNS
import Testing
import Wire

/// Reads an address that is right.
func address(_ text: String) -> SocketAddress {
    guard let address = SocketAddress(text) else { preconditionFailure(text) }
    return address
}

/// Reads an IP address that is right.
func ip(_ text: String) -> IPAddress {
    guard let ip = IPAddress(text) else { preconditionFailure(text) }
    return ip
}

/// Reads a name that is right.
func name(_ text: String) -> DNSName {
    guard let name = DNSName(text) else { preconditionFailure(text) }
    return name
}

/// Bytes from hexadecimal digits, with spaces between them.
func bytes(_ text: String) -> [UInt8] {
    let digits = text.filter { !$0.isWhitespace }.map { UInt8($0.hexDigitValue ?? 0) }
    return stride(from: 0, to: digits.count, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
}

/// Reads a message; nil if it is none.
func read(_ bytes: some Sequence<UInt8>) -> DNSMessage? {
    DNSMessage(Array(bytes).span)
}

extension DNSMessage {
    /// A query with these questions.
    static func query(_ questions: DNSQuestion..., knowing answers: [DNSRecord] = []) -> DNSMessage {
        var message = DNSMessage(isResponse: false)
        message.questions = questions
        message.answers = answers
        return message
    }

    /// A response with these answers.
    static func response(_ answers: DNSRecord...) -> DNSMessage {
        var message = DNSMessage(isResponse: true)
        message.answers = answers
        return message
    }
}

extension DNSRecord {
    /// The address of a name.
    static func address(of text: String, _ address: String, timeToLive: UInt32 = 120) -> DNSRecord {
        DNSRecord(MDNSTests.name(text), .address(ip(address)), timeToLive: timeToLive)
    }
}
