import java.io.File;
import org.gephi.graph.api.GraphController;
import org.gephi.io.importer.api.ImportController;
import org.gephi.io.importer.api.Issue;
import org.gephi.io.processor.plugin.DefaultProcessor;
import org.gephi.project.api.ProjectController;
import org.openide.util.Lookup;

/** Imports a file as Gephi's window does, and prints what it has then, and what it complains of. */
public class Import {
    public static void main(String[] arguments) throws Exception {
        var all = Lookup.getDefault();
        var projects = all.lookup(ProjectController.class);
        projects.newProject();
        var importer = all.lookup(ImportController.class);
        var read = importer.importFile(new File(arguments[0]));
        importer.process(read, new DefaultProcessor(), projects.getCurrentWorkspace());
        read.getReport().getIssues(100).forEachRemaining((Issue it) -> System.out.println("issue\t" + it.getMessage()));
        var model = all.lookup(GraphController.class).getGraphModel(projects.getCurrentWorkspace());
        for (var node : model.getGraph().getNodes()) {
            var told = new StringBuilder("node\t" + node.getLabel());
            for (var column : model.getNodeTable()) {
                told.append("\t").append(column.getTitle()).append("=").append(node.getAttribute(column));
            }
            System.out.println(told);
        }
        for (var edge : model.getDirectedGraph().getEdges()) {
            System.out.println("edge\t" + edge.getSource().getLabel() + "\t" + edge.getTarget().getLabel());
        }
    }
}
