// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

/// Why bytes are no STUN message: the fault of whoever sent them.
///
/// RFC 8489 §6.3: a message with an error of this kind is silently discarded.
package enum STUNError: Error, Hashable, Sendable {
    /// Too short, no magic cookie, or the first two bits are not zero.
    case notSTUN
    /// The length in the header is no multiple of four or disagrees with the bytes that are there.
    case wrongLength(declared: Int, available: Int)
    /// An attribute reaches beyond the end of the message.
    case truncatedAttribute(AttributeType)
    /// The value of an attribute that has to be understood breaks the rules of its type.
    case malformedAttribute(AttributeType)
    /// More than `STUNMessage.maximumAttributes` attributes.
    case tooManyAttributes
    /// FINGERPRINT is not the last attribute (RFC 8489 §14.7).
    case attributeAfterFingerprint(AttributeType)
}
