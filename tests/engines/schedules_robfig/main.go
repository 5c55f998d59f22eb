// Questions in (JSON, one a line), the seconds at which github.com/robfig/cron 3 is due out.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"time"

	"github.com/robfig/cron/v3"
)

type question struct {
	Text  string
	Zone  string
	After int64
	Count int
}

func main() {
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(nil, 1<<20)
	for in.Scan() {
		var q question
		if err := json.Unmarshal(in.Bytes(), &q); err != nil {
			panic(err)
		}
		fmt.Println(answer(q))
	}
}

func answer(q question) string {
	schedule, err := cron.ParseStandard("TZ=" + q.Zone + " " + q.Text)
	if err != nil {
		panic(err)
	}
	found := []int64{}
	at := time.Unix(q.After-1, 0)
	for len(found) < q.Count {
		at = schedule.Next(at)
		if at.IsZero() {
			break
		}
		found = append(found, at.Unix())
	}
	text, _ := json.Marshal(found)
	return string(text)
}
