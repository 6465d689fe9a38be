package cli

import (
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/otelusage/usageprocessor/cmd/usagectl/internal/api"
)

const (
	defaultURL     = "http://localhost:8688"
	defaultTimeout = 30 * time.Second
)

// connection is the flags that say where the API of a collector is.
type connection struct {
	environment *Environment
	url         string
	tokenFile   string
	caFile      string
	timeout     time.Duration
	processor   string
}

func newConnection(e *Environment, cmd *cobra.Command) *connection {
	c := &connection{environment: e}
	flags := cmd.Flags()
	flags.StringVar(&c.url, "url", "", "address of the extension (default $USAGE_URL, else "+defaultURL+")")
	flags.StringVar(&c.tokenFile, "token-file", "", "file with the token (default: the token in $USAGE_TOKEN)")
	flags.StringVar(&c.caFile, "ca-file", "", "PEM file of the certificates to trust (default: the system's)")
	flags.DurationVar(&c.timeout, "timeout", defaultTimeout, "how long to wait while nothing comes")
	flags.StringVar(&c.processor, "processor", "", "ID of the processor, such as usage/llm (default: all)")
	return c
}

// client returns what to ask with.
func (c *connection) client() (*api.Client, error) {
	if c.timeout <= 0 {
		return nil, misused("`--timeout` must be more than 0")
	}
	token, err := c.token()
	if err != nil {
		return nil, err
	}
	address := c.url
	if address == "" {
		address = c.environment.Getenv("USAGE_URL")
	}
	if address == "" {
		address = defaultURL
	}
	client, err := api.New(&api.Options{
		URL: address, Token: token, Authorization: c.environment.Getenv("USAGE_AUTHORIZATION"),
		CAFile: c.caFile, Timeout: c.timeout, Agent: "usagectl/" + c.environment.Version,
	})
	if err != nil {
		return nil, &usageError{err: err}
	}
	return client, nil
}

// token is what changes are allowed by.
func (c *connection) token() (string, error) {
	if c.tokenFile == "" {
		return c.environment.Getenv("USAGE_TOKEN"), nil
	}
	text, err := os.ReadFile(c.tokenFile)
	if err != nil {
		return "", misused("`--token-file`: %w", err)
	}
	token := strings.TrimSpace(string(text))
	if token == "" {
		return "", misused("`--token-file %s` is empty", c.tokenFile)
	}
	return token, nil
}

// parameters are those of every route.
func (c *connection) parameters() url.Values {
	if c.processor == "" {
		return url.Values{}
	}
	return url.Values{"processor": {c.processor}}
}
