// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

extension ICEAgent {
    /// What an agent is told when it is made.
    package struct Configuration: Sendable {
        /// Who nominates; `setRole` changes it until the other side is known.
        package var role: ICERole
        /// The user name fragment and password that the other side must use.
        package var localCredentials: ICECredentials
        /// Whether pairs that failed are tried again, because the other side may start minutes later.
        package var isPatient: Bool
        /// Whether nothing is sent to a relay of the other side's.
        package var isDirectOnly: Bool
        /// Times, all with the values of the RFCs unless a test says otherwise.
        package var timing: Timing

        /// Creates a configuration.
        package init(
            role: ICERole,
            localCredentials: ICECredentials,
            isPatient: Bool = false,
            isDirectOnly: Bool = false,
            timing: Timing = Timing()
        ) {
            self.role = role
            self.localCredentials = localCredentials
            self.isPatient = isPatient
            self.isDirectOnly = isDirectOnly
            self.timing = timing
        }
    }

    /// The times by which an agent lives.
    package struct Timing: Hashable, Sendable {
        /// Ta, the time between two new transactions: 50 ms by default (RFC 8445 §14.2).
        package var pacing: Duration = .milliseconds(50)
        /// The least retransmission timeout: 500 ms (RFC 8445 §14.3).
        package var initialTimeout: Duration = .milliseconds(500)
        /// The time before which failure is never concluded: RFC 8863 §4, that of one unanswered transaction.
        package var patienceForCandidates: Duration = .milliseconds(39_500)
        /// The longest time between the first valid pair and a nomination.
        package var settling: Duration = .seconds(2)
        /// The basic period of consent checks, randomized between 0.8 and 1.2 times this: 5 s (RFC 7675 §5.1).
        package var consentInterval: Duration = .seconds(5)
        /// The age at which consent expires: 30 s (RFC 7675 §5.1).
        package var consentExpiry: Duration = .seconds(30)
        /// How long nothing may come back for data until the path is checked; three round trips where that is more.
        package var doubtAfter: Duration = .milliseconds(500)
        /// Silence after which a connection is said to be quiet.
        package var quietAfter: Duration = .seconds(5)
        /// How long a path is suspected, or none is there, until a restart.
        package var restartAfter: Duration = .seconds(3)
        /// How long a restart that the other side has followed may take until the next one.
        package var restartInterval: Duration = .seconds(10)
        /// How long a pair that was left for a worse one is not nominated again.
        package var distrust: Duration = .seconds(10)
        /// How often a valid pair that is not selected is checked, before randomization.
        package var warmInterval: Duration = .seconds(15)
        /// How often a STUN server is asked again while no pair is selected.
        package var serverKeepalive: Duration = .seconds(15)
        /// Between two checks of pairs that had failed, when patient.
        package var patientPacing: Duration = .milliseconds(500)
        /// Between two checks of one pair that had failed, when patient.
        package var patientInterval: Duration = .seconds(5)
        /// Between two checks of one pair that had failed and would be better than the selected one, when patient.
        package var improvementInterval: Duration = .seconds(30)
        /// How long an agent is patient.
        package var patience: Duration = .seconds(30 * 60)

        /// The values of the RFCs, and of this program where they are silent.
        package init() {}
    }
}

/// Bounds on what another host can make an agent remember.
enum ICELimits {
    /// Pairs in the check list: 100 by default (RFC 8445 §6.1.2.5).
    static let pairs = 100
    /// Candidates that the other side may signal.
    static let signalledCandidates = 64
    /// Candidates learned from authenticated checks alone.
    static let reflexiveCandidates = 32
    /// Addresses that are not listened to any more.
    static let excludedAddresses = 64
    /// Sources of checks that are remembered until the other side's description is known.
    static let earlySources = 64
    /// Local addresses.
    static let bases = 32
    /// STUN servers.
    static let servers = 16
    /// Transactions of one pair whose late responses are still understood.
    static let transactionsPerPair = 4
    /// Valid pairs that are kept alive beside the selected one.
    static let warmPairs = 8
    /// Datagrams that wait for `pollTransmit`; a response beyond it is not written.
    static let queuedTransmits = 256
}
