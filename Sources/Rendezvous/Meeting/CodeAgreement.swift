// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import Crypto
import SPAKE2
import Wire

/// How two sides that know the same words come to the same keys: SPAKE2, with one guess for either side.
struct CodeAgreement {
    private static let sharePhase = "pake"
    private static let confirmationPhase = "confirm"

    let role: SPAKE2Role
    private let code: Code
    private let side: String
    private var random: RandomSource

    private var exchange: SPAKE2Exchange?
    private var secret: SPAKE2Secret?
    private var context: [UInt8] = []
    /// The first other side that sends a share is the one; there is no second guess.
    private var otherSide: String?
    private var share: [UInt8]?
    private var confirmation: [UInt8]?
    private var isOver = false

    init(role: SPAKE2Role, code: Code, side: String, random: RandomSource) {
        self.role = role
        self.code = code
        self.side = side
        self.random = random
    }

    /// App id ‖ nameplate: never anything of the words.
    private var place: [UInt8] {
        lengthPrefixed([Array(Meeting.applicationID.utf8), Array(self.code.nameplate.utf8)])
    }

    /// The work that has to be done before the share can be sent.
    var stretching: PasswordStretching {
        PasswordStretching(password: Array(self.code.words.joined(separator: "-").utf8), salt: self.place)
    }

    /// The words are stretched.
    mutating func begin(_ password: PasswordScalar) -> [AgreementStep] {
        guard self.exchange == nil, !self.isOver else { return [] }
        do {
            let exchange = try SPAKE2Exchange(role: self.role, password: password, random: &self.random)
            self.exchange = exchange
            return [.add(phase: Self.sharePhase, body: Versions.own.bytes + exchange.share)] + self.advance()
        } catch {
            return self.fail(.cryptography)
        }
    }

    /// Takes a message of another side.
    mutating func take(_ message: MailboxMessage) -> [AgreementStep] {
        guard !self.isOver else { return [.notMine] }
        guard self.otherSide == nil || self.otherSide == message.side else { return [.useless] }
        switch message.phase {
        case Self.sharePhase:
            guard self.share == nil else { return [.useless] }
            self.otherSide = message.side
            self.share = message.body
            return [.otherSideIsHere] + self.advance()
        case Self.confirmationPhase:
            guard self.otherSide != nil else { return [.notMine] }
            guard self.confirmation == nil else { return [.useless] }
            self.confirmation = message.body
            return self.advance()
        default: return [.notMine]
        }
    }

    /// Does what can be done with what is there.
    private mutating func advance() -> [AgreementStep] {
        var steps: [AgreementStep] = []
        if self.secret == nil, let exchange = self.exchange, let share = self.share, let otherSide = self.otherSide {
            switch self.receive(share, of: otherSide, exchange: exchange) {
            case .success(let secret):
                self.secret = secret
                steps = [.checking, .add(phase: Self.confirmationPhase, body: secret.confirmation)]
            case .failure(let failure): return self.fail(failure)
            }
        }
        guard let secret = self.secret, let confirmation = self.confirmation, let otherSide = self.otherSide else {
            return steps
        }
        self.isOver = true
        do {
            let keys = SessionKeys(from: try secret.key(confirmedBy: confirmation), context: self.context)
            return steps + [.verified(keys, side: otherSide, phasePrefix: "")]
        } catch {
            return steps + self.fail(.wrongCode)
        }
    }

    private mutating func receive(
        _ body: [UInt8],
        of otherSide: String,
        exchange: SPAKE2Exchange
    ) -> Result<SPAKE2Secret, MeetingFailure> {
        var reader = ByteReader(body.span)
        guard let versions = Versions(&reader), let share = try? reader.array(reader.remaining) else {
            return .failure(.misbehaving)
        }
        guard versions.fits(.own) else { return .failure(.incompatible) }
        let own = lengthPrefixed([Array(self.side.utf8), Versions.own.bytes])
        let other = lengthPrefixed([Array(otherSide.utf8), versions.bytes])
        let identities =
            self.role == .a ? SPAKE2Identities(a: own, b: other) : SPAKE2Identities(a: other, b: own)
        self.context = lengthPrefixed([self.place, identities.a, identities.b])
        do {
            return .success(try exchange.receive(share, identities: identities, additionalData: self.place))
        } catch .library {
            return .failure(.cryptography)
        } catch {
            return .failure(.misbehaving)
        }
    }

    private mutating func fail(_ failure: MeetingFailure) -> [AgreementStep] {
        self.isOver = true
        return [.failed(failure)]
    }
}
