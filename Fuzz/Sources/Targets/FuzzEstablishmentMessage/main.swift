// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import DataChannels
import FuzzDriver
import Wire

// A message that opens a channel is refused, or written and read again as the same.
fuzz { bytes in
    guard let message = try? EstablishmentMessage(parsing: bytes) else { return }
    let written = message.bytes
    do throws(MalformedEstablishment) {
        let again = try EstablishmentMessage(parsing: written.span)
        requireEqual(again, message)
    } catch {
        fail("\(error) in \(written)")
    }
}
