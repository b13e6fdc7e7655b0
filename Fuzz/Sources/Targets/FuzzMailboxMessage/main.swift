// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import FuzzDriver
import Rendezvous
import Wire

// A message of the mailbox protocol is refused, or written and read again as the same, whichever side it is of.
fuzz { bytes in
    if let response = try? MailboxResponse(parsing: bytes) {
        do throws(MailboxMessageError) {
            requireEqual(try MailboxResponse(parsing: response.encoded.span), response)
        } catch {
            fail("\(error) in \(response)")
        }
    }
    guard let received = try? ReceivedMailboxRequest(parsing: bytes) else { return }
    do throws(MailboxMessageError) {
        guard let request = try? received.request.get() else { return }
        let again = try ReceivedMailboxRequest(parsing: request.encoded(id: received.id).span)
        requireEqual(again.id, received.id)
        requireEqual(try again.request.get(), request)
    } catch {
        fail("\(error) in \(received)")
    }
}
