// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include "clinux_address.h"
#include "clinux_epoll.h"
#include "clinux_file.h"
#include "clinux_netlink.h"
#include "clinux_resolve.h"
#include "clinux_tcp.h"
#include "clinux_terminal.h"
#include "clinux_thread.h"
#include "clinux_udp.h"
