// Command quickstart shows usage metering at work: it runs a Collector with the usage processor and a small shop
// that sends it traces, and prints what was used, by whom, as tables.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"
)

func main() {
	opts := parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, opts, os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "quickstart:", err)
		os.Exit(1)
	}
}

// options name the addresses of config.yaml; who changes them there changes them here.
type options struct {
	collector string
	config    string
	shop      string
	otlp      string
	metrics   string
	page      string
	ports     []string // have to be free before the Collector starts
	interval  time.Duration
	stateDir  string
}

func parse() options {
	var opts options
	flag.StringVar(&opts.collector, "collector", "bin/otelcol-usage", "Collector with the usage processor")
	flag.StringVar(&opts.config, "config", "examples/quickstart/config.yaml", "configuration of the Collector")
	flag.StringVar(&opts.shop, "shop", "bin/shop", "the example application")
	flag.StringVar(&opts.otlp, "otlp", "127.0.0.1:4317", "OTLP/gRPC receiver in the configuration")
	flag.StringVar(&opts.metrics, "metrics", "http://127.0.0.1:9464/metrics", "Prometheus page in the configuration")
	flag.StringVar(&opts.page, "page", "http://127.0.0.1:8688/", "page of the extension in the configuration")
	flag.DurationVar(&opts.interval, "interval", 5*time.Second, "time between two prints")
	ports := flag.String("ports", "127.0.0.1:4317,127.0.0.1:4318,127.0.0.1:9464,127.0.0.1:8688", "addresses that the configuration listens on")
	flag.Parse()
	opts.ports = strings.Split(*ports, ",")
	opts.stateDir = stateDir()
	return opts
}

// stateDir is the default of config.yaml, too.
func stateDir() string {
	if dir := os.Getenv("USAGE_STATE_DIR"); dir != "" {
		return dir
	}
	return "quickstart-state"
}
