// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import Conversation
import FuzzDriver
import Wire

// A message of the conversation is refused, or written and read again as the same.
fuzz { bytes in
    guard let message = try? ConversationMessage(parsing: bytes) else { return }
    if case .unknown = message { return }
    do throws(ConversationMessageError) {
        requireEqual(try ConversationMessage(parsing: message.encoded.span), message)
    } catch {
        fail("\(error) in \(message)")
    }
}
