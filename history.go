package usageprocessor

import (
	"errors"
	"fmt"
	"time"
	_ "time/tzdata" // containers have no time zones of their own

	"github.com/otelusage/usageprocessor/internal/meter"
)

// HistoryConfig is what is kept of when usage was counted.
type HistoryConfig struct {
	// Hourly is how long hours are kept, Daily how long days are.
	Hourly time.Duration `mapstructure:"hourly"`
	Daily  time.Duration `mapstructure:"daily"`
	// Timezone says where hours and days begin, by its name in the IANA database.
	Timezone string `mapstructure:"timezone"`

	_ struct{}
}

const (
	// minHourly is a day of 25 hours, the hour in which it is closed and a margin:
	// days are made of hours.
	minHourly = 48 * time.Hour
	maxHourly = 10 * 365 * 24 * time.Hour
	maxDaily  = 100 * 365 * 24 * time.Hour
)

func (c *HistoryConfig) validate() error {
	return errors.Join(
		validateLasts("history.hourly", c.Hourly, minHourly, maxHourly),
		c.validateDaily(),
		c.validateTimezone(),
	)
}

func (c *HistoryConfig) validateDaily() error {
	if c.Daily < c.Hourly || c.Daily > maxDaily {
		return fmt.Errorf("`history.daily` is %s: `history.hourly`, which is %s, to %s are accepted", c.Daily, c.Hourly, maxDaily)
	}
	return nil
}

func (c *HistoryConfig) validateTimezone() error {
	if _, err := c.zone(); err != nil {
		return fmt.Errorf("`history.timezone` is %q: names of the IANA time zone database are accepted, such as `Europe/Berlin` or `UTC`", c.Timezone)
	}
	return nil
}

// zone finds the time zone; the empty name is none.
func (c *HistoryConfig) zone() (*time.Location, error) {
	if c.Timezone == "" {
		return nil, errors.New("no time zone")
	}
	return time.LoadLocation(c.Timezone)
}

func (c *HistoryConfig) options() (meter.History, error) {
	zone, err := c.zone()
	if err != nil {
		return meter.History{}, fmt.Errorf("`history.timezone`: %w", err)
	}
	return meter.History{Hourly: c.Hourly, Daily: c.Daily, Zone: zone}, nil
}
