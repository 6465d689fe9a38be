package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"syscall"
	"time"
)

const dialEvery = 100 * time.Millisecond

var errEnded = errors.New("ended before it listened")

// checkFree is there for its message: the Collector's own comes late and among many lines of log.
func checkFree(addresses []string) error {
	for _, address := range addresses {
		listener, err := net.Listen("tcp", address)
		if errors.Is(err, syscall.EADDRINUSE) {
			return fmt.Errorf("%s is in use: stop what listens there (another Collector, or a quickstart that still runs) and start again", address)
		}
		if err != nil {
			return fmt.Errorf("cannot listen on %s: %w", address, err)
		}
		if err := listener.Close(); err != nil {
			return fmt.Errorf("release %s: %w", address, err)
		}
	}
	return nil
}

// awaitListening gives up when ctx ends, with its error, or when ended is closed, with errEnded.
func awaitListening(ctx context.Context, address string, timeout time.Duration, ended <-chan struct{}) error {
	deadline := time.NewTimer(timeout)
	defer deadline.Stop()
	ticker := time.NewTicker(dialEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-ended:
			return errEnded
		case <-deadline.C:
			return fmt.Errorf("nothing listens on %s after %s", address, timeout)
		case <-ticker.C:
			if accepts(ctx, address) {
				return nil
			}
		}
	}
}

func accepts(ctx context.Context, address string) bool {
	dialer := net.Dialer{Timeout: dialEvery}
	conn, err := dialer.DialContext(ctx, "tcp", address)
	if err != nil {
		return false
	}
	return conn.Close() == nil
}
