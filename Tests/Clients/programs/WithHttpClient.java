import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;

/** Java's HttpClient: the lines of a body. */
public class WithHttpClient {
    public static void main(String[] arguments) throws Exception {
        var request = HttpRequest.newBuilder(URI.create(arguments[0])).header("Accept", "text/event-stream");
        var position = System.getenv("LAST_EVENT_ID");
        if (position != null) request.header("Last-Event-ID", position);
        var client = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
        client.send(request.build(), HttpResponse.BodyHandlers.ofLines()).body().forEach(line -> {
            if (line.startsWith("data: ")) System.out.println(line.substring(6));
        });
    }
}
