package answer

import (
	"encoding/json"
	"errors"
	"reflect"
	"testing"

	"github.com/otelusage/usageprocessor/internal/query"
)

func TestAnswer(t *testing.T) {
	const text = `{"kind":"provider","from":null,"until":null,"groups":7,"total":{"requests":3,"cost":0.1},
		"rows":[{"attributes":{"usage.provider":"openai","a":null},"measures":{"requests":3,"average_duration":null},"last_seen":null}]}`
	var got Several[Answer]
	if err := json.Unmarshal([]byte(text), &got); err != nil {
		t.Fatal(err)
	}
	if len(got) != 1 || got[0].Processor != "" || got[0].Answer.Groups != 7 {
		t.Fatalf("answer = %+v", got)
	}
	a := got[0].Answer
	want := Attributes{{Name: "usage.provider", Value: "openai"}, {Name: "a"}}
	if !reflect.DeepEqual(a.Rows[0].Attributes, want) {
		t.Errorf("attributes = %v, want %v", a.Rows[0].Attributes, want)
	}
	for _, tt := range []struct{ got, want query.Number }{
		{a.Total.Of("requests"), query.Number{Whole: 3, Known: true}},
		{a.Total.Of("cost"), query.Number{Parts: 100_000_000, Known: true}},
		{a.Rows[0].Measures.Of("average_duration"), query.Number{}},
		{a.Rows[0].Measures.Of("nothing"), query.Number{}},
	} {
		if tt.got != tt.want {
			t.Errorf("number = %+v, want %+v", tt.got, tt.want)
		}
	}
}

func TestSeveral(t *testing.T) {
	var got Several[struct{ Added int }]
	if err := json.Unmarshal([]byte(`{"processors":{"usage/b":{"added":2},"usage/a":{"added":1}}}`), &got); err != nil {
		t.Fatal(err)
	}
	if len(got) != 2 || got[0].Processor != "usage/a" || got[0].Answer.Added != 1 || got[1].Answer.Added != 2 {
		t.Errorf("answers = %+v", got)
	}
}

func TestNumber(t *testing.T) {
	for text, want := range map[string]query.Number{
		"0":                   {Known: true},
		"12.000000001":        {Whole: 12, Parts: 1, Known: true},
		"9223372036854775807": {Whole: 9223372036854775807, Known: true},
		"null":                {},
	} {
		var n Number
		if err := json.Unmarshal([]byte(text), &n); err != nil || query.Number(n) != want {
			t.Errorf("%s is %+v, %v, want %+v", text, n, err, want)
		}
	}
	for _, text := range []string{"1e3", "-1", "-0.5", "0.0000000001", "9223372036854775808", `"1"`, "true", "{}"} {
		var n Number
		if err := json.Unmarshal([]byte(text), &n); !errors.Is(err, errNumber) {
			t.Errorf("%s is %+v, %v, want an error", text, n, err)
		}
	}
}
