package e2e

import (
	"fmt"
	"net"
	"os"
	"sync/atomic"
	"testing"
	"time"
)

// ports are where a collector listens.
type ports struct{ grpc, http, second, page, manage int }

// Ports below those that the kernel gives to whoever asks for any: a collector
// that was killed has to find its own again.
const (
	firstPort = 15000
	lastPort  = 32000
)

// nextPort keeps the tests of this process apart.
var nextPort atomic.Uint32

// freePorts returns ports that nobody listened on a moment ago.
func freePorts(t *testing.T) ports {
	t.Helper()
	return ports{freePort(t), freePort(t), freePort(t), freePort(t), freePort(t)}
}

func freePort(t *testing.T) int {
	t.Helper()
	process := uint32(os.Getpid()) * 101 // processes begin far from each other
	for range lastPort - firstPort {
		port := firstPort + int((process+nextPort.Add(1))%(lastPort-firstPort))
		l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", address(port))
		if err == nil && l.Close() == nil {
			return port
		}
	}
	t.Fatal("no free port")
	return 0
}

func address(port int) string { return fmt.Sprintf("127.0.0.1:%d", port) }

func accepts(port int) bool {
	conn, err := net.DialTimeout("tcp", address(port), time.Second)
	if err != nil {
		return false
	}
	return conn.Close() == nil
}
