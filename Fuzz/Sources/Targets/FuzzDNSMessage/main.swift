// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import FuzzDriver
import MDNS
import Wire

// A datagram is refused, or written and read again as the same.
fuzz { bytes in
    guard let message = DNSMessage(bytes) else { return }
    requireEqual(DNSMessage(message.encoded.span), message)
    for question in message.questions where !question.name.labels.isEmpty {
        require(!question.name.description.isEmpty)
    }
}
