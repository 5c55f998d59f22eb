// Questions in (expression, zone, after, count, separated by tabs, one a line), the seconds at which Quartz is due out.
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.util.ArrayList;
import java.util.Date;
import java.util.List;
import java.util.TimeZone;
import org.quartz.CronExpression;

public class SchedulesQuartz {
    public static void main(String[] none) throws Exception {
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in));
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            String[] question = line.split("\t");
            CronExpression cron = new CronExpression(question[0]);
            cron.setTimeZone(TimeZone.getTimeZone(question[1]));
            List<Long> found = new ArrayList<>();
            Date at = new Date((Long.parseLong(question[2]) - 1) * 1000);
            while (found.size() < Integer.parseInt(question[3])) {
                at = cron.getNextValidTimeAfter(at);
                if (at == null) {
                    break;
                }
                found.add(at.getTime() / 1000);
            }
            System.out.println(found);
        }
    }
}
