// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import Wire

/// Bytes from hexadecimal digits.
func bytes(hex: String) -> [UInt8] {
    var bytes: [UInt8] = []
    var high: UInt8?
    for digit in hex.utf8 where digit != UInt8(ascii: " ") {
        let value = UInt8(Character(UnicodeScalar(digit)).hexDigitValue ?? 0)
        if let first = high {
            bytes.append(first << 4 | value)
            high = nil
        } else {
            high = value
        }
    }
    return bytes
}

/// Packets that Chromium and Firefox sent to a peer, after DTLS.
enum Captured {
    static let chromiumInit = "1388138800000000fe0bef740100001eb302d0a300500000ffffffff41bcf174c00000048008000682c00000"
    static let chromiumInitAck =
        "13881388ba3159236e57a49d02000052b302d0a300500000ffffffff41bcf174000700346463534354503030ba315923b302d0a336e99129"
        + "41bcf1740010000000000000000000000100010000000000ffffffffc00000048008000682c00000"
    static let chromiumCookieEcho =
        "13881388ba3159234d910ec90a00001c6b03ad2021fe560c10eaca9efb2cdc95740719acb8ef8857"
    static let chromiumCookieAck = "13881388ba315923f4100d880b000004"
    static let chromiumOpen =
        "13881388ba315923e91110830003002441bcf174000100000000003203000100000000000008000072656c6961626c65"
    static let chromiumSACKAndData =
        "138813882d216b407945c88b03000010249f2b28004800000000000000030014444bab3000010001000000336563686f"
    static let chromiumSACK = "13881388ba315923d5931bfa0300001036e991290048000000000000"
    static let chromiumReset = "13881388ba315923b97f4c9482000016000d001241bcf17441bcf17441bcf17f00030000"
    static let chromiumResetResponse = "13881388ba3159234065cb3d820000100010000c36e9912900000001"
    static let chromiumAbort = "13881388ba315923c0ba72be06000014000c0010436c6f73652063616c6c6564"
    static let firefoxInit =
        "13881388000000004c4b9f56010000206d7fdaf601000000ffffffffb8633878c00000048008000882c040c2"
    static let firefoxInitAck =
        "138813881dc3c2e6533d3fa3020000506d7fdaf601000000ffffffffb86338780007003064635343545030301dc3c2e66d7fdaf6e8cc28c3"
        + "b863387800100000000000000000000001000100ffffffffc00000048008000882c040c2"
    static let firefoxReset = "138813881dc3c2e64afadf7c82000016000d0012b8633878b8633878b863387900010000"

    static let all = [
        chromiumInit, chromiumInitAck, chromiumCookieEcho, chromiumCookieAck, chromiumOpen, chromiumSACKAndData,
        chromiumSACK, chromiumReset, chromiumResetResponse, chromiumAbort, firefoxInit, firefoxInitAck, firefoxReset,
    ]
}
