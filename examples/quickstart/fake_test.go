package main

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// The launcher's children are this test binary again, told by the environment what to play.
const (
	playEnv    = "QUICKSTART_TEST_PLAY"
	failingEnv = "QUICKSTART_TEST_FAILING"
	otlpEnv    = "QUICKSTART_TEST_OTLP"
	pageEnv    = "QUICKSTART_TEST_PAGE"
)

func TestMain(m *testing.M) {
	if os.Getenv(playEnv) == "" {
		os.Exit(m.Run())
	}
	os.Exit(play())
}

// fakes returns options with fake children; the failing one exits after a while.
func fakes(t *testing.T, failing string) options {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	otlp, metrics := freeAddress(t), freeAddress(t)
	t.Setenv(playEnv, "1")
	t.Setenv(failingEnv, failing)
	t.Setenv(otlpEnv, otlp)
	t.Setenv(pageEnv, metrics)
	return options{
		collector: self,
		config:    "config.yaml",
		shop:      self,
		otlp:      otlp,
		metrics:   "http://" + metrics,
		ports:     []string{otlp, metrics},
		interval:  50 * time.Millisecond,
		stateDir:  filepath.Join(t.TempDir(), "state"),
	}
}

func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close() // only its address is needed
	return listener.Addr().String()
}

// play is the child's main function; its role follows from the launcher's arguments.
func play() int {
	name, begin := "shop", sendAsShop
	if os.Args[1] == "--config" {
		name, begin = "collector", listenAsCollector
	}
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM)
	fmt.Println(name, "started")
	if err := begin(); err != nil {
		fmt.Println(err)
		return 1
	}
	if os.Getenv(failingEnv) == name {
		time.Sleep(200 * time.Millisecond)
		fmt.Println(name, "cannot go on")
		return 3
	}
	select {
	case <-stop:
	case <-time.After(20 * time.Second): // no child may outlive a test that hangs
	}
	fmt.Println(name, "stopped")
	return 0
}

func sendAsShop() error {
	conn, err := net.Dial("tcp", os.Getenv(otlpEnv))
	if err != nil {
		return err
	}
	defer conn.Close()
	_, err = conn.Write([]byte("span"))
	return err
}

// listenAsCollector leaves closing to the end of the process.
func listenAsCollector() error {
	otlp, err := net.Listen("tcp", os.Getenv(otlpEnv))
	if err != nil {
		return err
	}
	metrics, err := net.Listen("tcp", os.Getenv(pageEnv))
	if err != nil {
		return err
	}
	used := new(atomic.Bool)
	go receive(otlp, used)
	go func() {
		_ = http.Serve(metrics, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			if used.Load() {
				fmt.Fprintln(w, `usage_endpoint_requests_total{usage_service="shop",usage_endpoint="GET /fake",usage_outcome="success"} 3`)
			}
		}))
	}()
	return nil
}

// receive sets used once someone sends something: the launcher only connects, to see whether the port is open.
func receive(otlp net.Listener, used *atomic.Bool) {
	for {
		conn, err := otlp.Accept()
		if err != nil {
			return
		}
		if n, _ := conn.Read(make([]byte, 1)); n > 0 {
			used.Store(true)
		}
		_ = conn.Close()
	}
}
