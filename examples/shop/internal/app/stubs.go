package app

import (
	"net/http"

	"github.com/otelusage/usageprocessor/examples/shop/internal/fault"
	"github.com/otelusage/usageprocessor/examples/shop/internal/llm"
	"github.com/otelusage/usageprocessor/examples/shop/internal/payment"
)

// thirdParties are base addresses of what the shop consumes and does not run.
type thirdParties struct {
	payments  string
	openai    string
	anthropic string
}

func (a *App) startThirdParties() (thirdParties, error) {
	var third thirdParties
	openai := llm.NewStub("openai", fault.New(
		fault.Rule{Every: 4, Status: http.StatusTooManyRequests},
		fault.Rule{Every: 7, Status: http.StatusInternalServerError},
	))
	for _, stub := range []struct {
		url     *string
		handler http.Handler
	}{
		{&third.payments, payment.Handler()},
		{&third.openai, openai.Handler()},
		{&third.anthropic, llm.NewStub("anthropic", fault.New()).Handler()},
	} {
		url, err := a.serve(stub.handler)
		if err != nil {
			return third, err
		}
		*stub.url = url
	}
	return third, nil
}
