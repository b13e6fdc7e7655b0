// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import Crypto
import Testing
import Wire

@testable import SPAKE2

/// RFC 9382 Appendix B: SPAKE2-P256-SHA256-HKDF-HMAC.
struct SPAKE2VectorTests {
    @Test(arguments: SPAKE2Vector.all)
    func `an exchange has the shares, keys and confirmations of the RFC`(_ vector: SPAKE2Vector) throws {
        let a = try vector.exchange(of: .a)
        let b = try vector.exchange(of: .b)
        #expect(a.share == hex(vector.shareA))
        #expect(b.share == hex(vector.shareB))
        let transcript = SPAKE2Transcript(
            identities: vector.identities,
            shareA: a.share,
            shareB: b.share,
            shared: hex(vector.shared),
            password: hex(vector.w)
        )
        let schedule = KeySchedule(transcript, additionalData: [])
        #expect(schedule.sharedKey == hex(vector.key))
        #expect(schedule.confirmationKeyA == hex(vector.confirmationKeyA))
        #expect(schedule.confirmationKeyB == hex(vector.confirmationKeyB))
        let atA = try a.receive(b.share, identities: vector.identities, additionalData: [])
        let atB = try b.receive(a.share, identities: vector.identities, additionalData: [])
        #expect(atA.confirmation == hex(vector.confirmationA))
        #expect(atB.confirmation == hex(vector.confirmationB))
        for key in [try atA.key(confirmedBy: atB.confirmation), try atB.key(confirmedBy: atA.confirmation)] {
            #expect(key.withUnsafeBytes { Array($0) } == hex(vector.key))
        }
    }
}

/// One vector of the appendix.
struct SPAKE2Vector: Sendable {
    var a: String
    var b: String
    var w: String
    var x: String
    var y: String
    var shareA: String
    var shareB: String
    var shared: String
    var key: String
    var confirmationKeyA: String
    var confirmationKeyB: String
    var confirmationA: String
    var confirmationB: String

    var identities: SPAKE2Identities { SPAKE2Identities(a: Array(self.a.utf8), b: Array(self.b.utf8)) }

    func exchange(of role: SPAKE2Role) throws -> SPAKE2Exchange {
        try SPAKE2Exchange(
            role: role,
            password: PasswordScalar(bytes: hex(self.w)),
            secret: hex(role == .a ? self.x : self.y)
        )
    }

    static let all: [SPAKE2Vector] = [
        SPAKE2Vector(
            a: "server",
            b: "client",
            w: "2ee57912099d31560b3a44b1184b9b4866e904c49d12ac5042c97dca461b1a5f",
            x: "43dd0fd7215bdcb482879fca3220c6a968e66d70b1356cac18bb26c84a78d729",
            y: "dcb60106f276b02606d8ef0a328c02e4b629f84f89786af5befb0bc75b6e66be",
            shareA: "04a56fa807caaa53a4d28dbb9853b9815c61a411118a6fe516a8798434751470f9"
                + "010153ac33d0d5f2047ffdb1a3e42c9b4e6be662766e1eeb4116988ede5f912c",
            shareB: "0406557e482bd03097ad0cbaa5df82115460d951e3451962f1eaf4367a420676d0"
                + "9857ccbc522686c83d1852abfa8ed6e4a1155cf8f1543ceca528afb591a1e0b7",
            shared: "0412af7e89717850671913e6b469ace67bd90a4df8ce45c2af19010175e37eed69"
                + "f75897996d539356e2fa6a406d528501f907e04d97515fbe83db277b715d3325",
            key: "0e0672dc86f8e45565d338b0540abe69",
            confirmationKeyA: "00c12546835755c86d8c0db7851ae86f",
            confirmationKeyB: "a9fa3406c3b781b93d804485430ca27a",
            confirmationA: "58ad4aa88e0b60d5061eb6b5dd93e80d9c4f00d127c65b3b35b1b5281fee38f0",
            confirmationB: "d3e2e547f1ae04f2dbdbf0fc4b79f8ecff2dff314b5d32fe9fcef2fb26dc459b"
        ),
        SPAKE2Vector(
            a: "",
            b: "client",
            w: "0548d8729f730589e579b0475a582c1608138ddf7054b73b5381c7e883e2efae",
            x: "403abbe3b1b4b9ba17e3032849759d723939a27a27b9d921c500edde18ed654b",
            y: "903023b6598908936ea7c929bd761af6039577a9c3f9581064187c3049d87065",
            shareA: "04a897b769e681c62ac1c2357319a3d363f610839c4477720d24cbe32f5fd85f44"
                + "fb92ba966578c1b712be6962498834078262caa5b441ecfa9d4a9485720e918a",
            shareB: "04e0f816fd1c35e22065d5556215c097e799390d16661c386e0ecc84593974a61b"
                + "881a8c82327687d0501862970c64565560cb5671f696048050ca66ca5f8cc7fc",
            shared: "048f83ec9f6e4f87cc6f9dc740bdc2769725f923364f01c84148c049a39a735ebd"
                + "a82eac03e00112fd6a5710682767cff5361f7e819e53d8d3c3a2922e0d837aa6",
            key: "642f05c473c2cd79909f9a841e2f30a7",
            confirmationKeyA: "c6be376fc7cd1301fd0a13adf3e7bffd",
            confirmationKeyB: "b7243f4ae60440a49b3f8cab3c1fba07",
            confirmationA: "47d29e6666af1b7dd450d571233085d7a9866e4d49d2645e2df975489521232b",
            confirmationB: "3313c5cefc361d27fb16847a91c2a73b766ffa90a4839122a9b70a2f6bd1d6df"
        ),
        SPAKE2Vector(
            a: "server",
            b: "",
            w: "626e0cdc7b14c9db3e52a0b1b3a768c98e37852d5db30febe0497b14eae8c254",
            x: "07adb3db6bc623d3399726bfdbfd3d15a58ea776ab8a308b00392621291f9633",
            y: "b6a4fc8dbb629d4ba51d6f91ed1532cf87adec98f25dd153a75accafafedec16",
            shareA: "04f88fb71c99bfffaea370966b7eb99cd4be0ff1a7d335caac4211c4afd855e2e1"
                + "5a873b298503ad8ba1d9cbb9a392d2ba309b48bfd7879aefd0f2cea6009763b0",
            shareB: "040c269d6be017dccb15182ac6bfcd9e2a14de019dd587eaf4bdfd353f031101e7"
                + "cca177f8eb362a6e83e7d5e729c0732e1b528879c086f39ba0f31a9661bd34db",
            shared: "0445ee233b8ecb51ebd6e7da3f307e88a1616bae2166121221fdc0dadb986afaf3"
                + "ec8a988dc9c626fa3b99f58a7ca7c9b844bb3e8dd9554aafc5b53813504c1cbe",
            key: "005184ff460da2ce59062c87733c299c",
            confirmationKeyA: "f3da53604f0aeecea5a33be7bddf6edf",
            confirmationKeyB: "9e3f86848736f159bd92b6e107ec6799",
            confirmationA: "bc9f9bbe99f26d0b2260e6456e05a86196a3307ec6663a18bf6ac825736533b2",
            confirmationB: "c2370e1bf813b086dff0d834e74425a06e6390f48f5411900276dcccc5a297ec"
        ),
        SPAKE2Vector(
            a: "",
            b: "",
            w: "7bf46c454b4c1b25799527d896508afd5fc62ef4ec59db1efb49113063d70cca",
            x: "8cef65df64bb2d0f83540c53632de911b5b24b3eab6cc74a97609fd659e95473",
            y: "d7a66f64074a84652d8d623a92e20c9675c61cb5b4f6a0063e4648a2fdc02d53",
            shareA: "04a65b367a3f613cf9f0654b1b28a1e3a8a40387956c8ba6063e8658563890f46c"
                + "a1ef6a676598889fc28de2950ab8120b79a5ef1ea4c9f44bc98f585634b46d66",
            shareB: "04589f13218822710d98d8b2123a079041052d9941b9cf88c6617ddb2fcc049466"
                + "2eea8ba6b64692dc318250030c6af045cb738bc81ba35b043c3dcb46adf6f58d",
            shared: "041a3c03d51b452537ca2a1fea6110353c6d5ed483c4f0f86f4492ca3f378d40a9"
                + "94b4477f93c64d928edbbcd3e85a7c709b7ea73ee97986ce3d1438e135543772",
            key: "fc6374762ba5cf11f4b2caa08b2cd1b9",
            confirmationKeyA: "5dbd2f477166b7fb6d61febbd77a5563",
            confirmationKeyB: "7689b4654407a5faeffdc8f18359d8a3",
            confirmationA: "dfb4db8d48ae5a675963ea5e6c19d98d4ea028d8e898dad96ea19a80ade95dca",
            confirmationB: "d0f0609d1613138d354f7e95f19fb556bf52d751947241e8c7118df5ef0ae175"
        ),
    ]
}

/// Bytes from hexadecimal digits.
func hex(_ text: String) -> [UInt8] {
    stride(from: 0, to: text.utf8.count, by: 2).compactMap { offset in
        let start = text.index(text.startIndex, offsetBy: offset)
        return UInt8(text[start..<text.index(start, offsetBy: 2)], radix: 16)
    }
}
