// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0
